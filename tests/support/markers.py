"""Markers: values that must stand nowhere, and every form in which they could. Searches bytes; knows no medium.

A number, an address or a name is planted in a run, and afterwards looked for in everything that the run left behind:
as text in the encodings of municipal systems, escaped, in base64 at every offset, in hexadecimal, a number as an
integer. In base64 the last character of a marker may be another one that begins with the same bits.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ENCODINGS = ("utf-8", "cp932", "euc_jp", "utf-16-le", "utf-16-be")
FULL_WIDTH = {ord("0") + n: "０１２３４５６７８９"[n] for n in range(10)}
_CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A marker that stands where it must not."""

    where: str
    marker: str
    form: str
    """How it stood there, such as `cp932 in base64`."""


class Markers:
    """Some values and all their forms."""

    def __init__(self, *values: str) -> None:
        self._forms: dict[bytes, tuple[str, str]] = {}
        for value in values:
            for name, form in forms(value):
                self._forms.setdefault(form, (value, name))
        self._longest = max(map(len, self._forms))

    def in_bytes(self, where: str, content: bytes) -> list[Found]:
        """Every form that stands in some bytes."""
        return [Found(where, value, name) for form, (value, name) in self._forms.items() if form in content]

    def in_all(self, contents: Iterable[tuple[str, bytes]]) -> list[Found]:
        """Every form in any of (where, bytes). Raises AssertionError if there was nothing to search in."""
        found: list[Found] = []
        searched = 0
        for where, content in contents:
            searched += len(content)
            found += self.in_bytes(where, content)
        assert searched, "nothing was searched"
        return found

    def in_file(self, path: Path) -> list[Found]:
        """Every form in a file of any size."""
        found: dict[Found, None] = {}
        kept = b""
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found |= dict.fromkeys(self.in_bytes(str(path), kept + chunk))
                kept = chunk[-self._longest :]
        return list(found)


def forms(value: str) -> Iterator[tuple[str, bytes]]:
    """The forms of a value with their names."""
    for spelled, text in _spellings(value):
        for encoding, plain in _encoded(text):
            name = f"{spelled}{encoding}"
            yield name, plain
            yield f"{name} in hexadecimal", plain.hex().encode()
            yield f"{name} in upper hexadecimal", plain.hex().upper().encode()
            for offset in range(3):
                yield f"{name} in base64", _base64(plain, offset)
                yield f"{name} in base64url", _base64(plain, offset).translate(bytes.maketrans(b"+/", b"-_"))
        for backslash, nested in (("\\", ""), ("\\\\", " in JSON")):
            for case, form in (("", "04x"), ("upper ", "04X")):
                # Most writers leave ASCII as it is, such as the space within a name.
                for plain_below in (0, 0x80):
                    units = [chr(u) if u < plain_below else f"{backslash}u{u:{form}}" for u in _units(text)]
                    yield f"{spelled}{case}JSON escapes{nested}", "".join(units).encode()
        yield f"{spelled}character references", "".join(f"&#{ord(character)};" for character in text).encode()
        yield f"{spelled}percent escapes", quote(text).encode()
        yield f"{spelled}full percent escapes", "".join(f"%{byte:02X}" for byte in text.encode()).encode()
    if value.isascii() and value.isdigit():
        yield "integer", int(value).to_bytes(8, "big")
        yield "little-endian integer", int(value).to_bytes(8, "little")


def _spellings(value: str) -> Iterator[tuple[str, str]]:
    yield "", value
    if value.isascii() and value.isdigit():
        groups = [value[n : n + 4] for n in range(0, len(value), 4)]
        yield "spaced ", " ".join(groups)
        yield "hyphened ", "-".join(groups)
        yield "full-width ", value.translate(FULL_WIDTH)


def _encoded(text: str) -> Iterator[tuple[str, bytes]]:
    for encoding in ENCODINGS:
        try:
            yield encoding, text.encode(encoding)
        except UnicodeEncodeError:
            continue


def _units(text: str) -> Iterator[int]:
    code = text.encode("utf-16-be")
    return (int.from_bytes(code[n : n + 2], "big") for n in range(0, len(code), 2))


def _base64(plain: bytes, offset: int) -> bytes:
    """The part of the base64 text of anything with `plain` at an offset that only `plain` decides."""
    text = b64encode(b"\x00" * offset + plain)
    return text[-(-offset * 8 // 6) : (offset + len(plain)) * 8 // 6]
