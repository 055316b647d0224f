"""The bundle's README, in Japanese and English: what is in it, how to open it and how to verify it."""

from collections.abc import Sequence
from importlib import resources

from kumiai_common.bundle import layout
from kumiai_common.bundle.layout import Part


def readme(parts: Sequence[Part]) -> bytes:
    """The text, with the heads of the parts."""
    heads = "\n".join(
        f"| {part.service} | {head.stream} | {head.incarnation} | {head.position} | `{head.hash}` |"
        for part in parts
        for head in part.heads
    )
    text = resources.files("kumiai_common.bundle").joinpath("readme.md").read_text("utf-8")
    return text.format(municipality=parts[0].municipality, identity=layout.identity(parts), heads=heads).encode()
