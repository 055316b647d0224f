"""What a person sees of the demo: a live table while it runs, and at the end what each service holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kumiai_contracts.municipalities import municipality
from kumiai_contracts.topics import STREAM_OF, owner_of, receipts_stream
from rich.table import Table

from kumiai_demo.inquiries import Exchange
from kumiai_demo.operator_view import Picture

Progress = Mapping[str, Mapping[str, Any]]
"""The simulators' progress files by municipality."""

_SHORT = {"resident-registry": "registry", "national-id-linkage": "linkage"}


@dataclass(frozen=True, slots=True)
class Member:
    """One municipality of the demo."""

    code: str
    services: tuple[str, ...]

    @property
    def label(self) -> str:
        """Code and name."""
        return f"{self.code} {municipality(self.code).name}"


def live_table(members: tuple[Member, ...], progress: Progress, picture: Picture | None, title: str) -> Table:
    """How far each municipality is."""
    table = Table(
        "municipality", "services", "phase", "sent", "accepted", "refused", "waiting", "readers behind",
        "receipt p50", "p99", title=title,
    )  # fmt: skip
    for member in members:
        now = progress.get(member.code, {})
        table.add_row(
            member.label,
            ", ".join(_SHORT.get(name, name) for name in member.services),
            str(now.get("phase", "starting")),
            *[str(now.get(name, 0)) for name in ("sent", "accepted", "refused", "waiting")],
            "" if picture is None else str(picture.behind(member.code)),
            *[_milliseconds(now.get(name)) for name in ("p50_ms", "p99_ms")],
        )
    return table


def verdict_table(members: tuple[Member, ...], verdicts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Receipts by outcome, and what the checker found."""
    columns = ("sent", "accepted", "refused", "people", "lost", "doubled", "out_of_order", "unexpected")
    table = Table("municipality", *columns, title="Sent, answered, and found by the checker, person by person")
    for member in members:
        table.add_row(member.label, *[str(verdicts[member.code][column]) for column in columns])
    return table


def holdings_table(members: tuple[Member, ...], picture: Picture) -> Table:
    """What each service holds: events of its own stream, and receipts."""
    table = Table("service", "stream", *[member.label for member in members], title="What each service holds (events)")
    for service, stream in STREAM_OF.items():
        for name in (stream, receipts_stream(service)):
            heads = [picture.heads.get((member.code, name)) for member in members]
            if any(heads):
                table.add_row(service, name, *["" if head is None else str(head) for head in heads])
    return table


def gaps_table(members: tuple[Member, ...], picture: Picture) -> Table:
    """Heads against readers."""
    labels = {member.code: member.label for member in members}
    table = Table("municipality", "stream", "of", "head", "reader", "at", "", title="Heads against readers")
    for gap in picture.gaps:
        mark = "[green]complete[/]" if gap.complete else "[red]behind[/]"
        table.add_row(
            labels[gap.municipality],
            gap.stream,
            owner_of(gap.stream),
            str(gap.head),
            gap.reader,
            str(gap.position),
            mark,
        )
    return table


def effect_table(effects: Mapping[tuple[str, str], tuple[float, float]]) -> Table:
    """Commit to effect, from the services' own histograms."""
    table = Table("reader", "stream", "p50", "p99", title="From commit to effect")
    for (service, stream), (p50, p99) in sorted(effects.items()):
        table.add_row(service, stream, _milliseconds(p50), _milliseconds(p99))
    return table


def exchanges_table(exchanges: Sequence[Exchange]) -> Table:
    """What was asked between two members, by number, and the records that both keep of it."""
    columns = ("", "record of", "as", "request", "items", "outcome", "reason", "version", "at", "digest")
    table = Table(*columns, title="Inquiries between two members (情報照会・情報提供): the records of both sides")
    for n, exchange in enumerate(exchanges, start=1):
        for code, record in exchange.records:
            table.add_row(
                str(n),
                code,
                record["side"],
                record["request_number"],
                "\n".join(record["items"]),
                record["outcome"],
                record.get("reason", ""),
                str(record.get("version") or ""),
                (record.get("decided_at") or "")[11:19],
                record.get("exchange_digest", "")[:8],
            )
        table.add_section()
    return table


def summary_table(summary: Mapping[str, object]) -> Table:
    """What `build/demo.json` says."""
    table = Table("", "", title="Summary", show_header=False)
    for name, value in summary.items():
        table.add_row(name, str(value))
    return table


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
