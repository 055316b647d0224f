"""What a feed's event must be in itself, whatever the state is: only then does it use up its number."""

from collections.abc import Collection, Iterator, Mapping

from kumiai_contracts.chain import commitment
from kumiai_contracts.decision import SealedPart
from kumiai_contracts.model import Event
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import Reason, ResidentRow, Status
from kumiai_contracts.resident_affairs import ProtectionChanged
from kumiai_contracts.resident_carry_over import ResidentHistoryCarriedOver
from kumiai_contracts.resident_feed import MOVEMENTS, FeedEventNotice, FeedPart, FeedProtectionNotice

from kumiai_resident_registry.domain.refusals import refusal
from kumiai_resident_registry.domain.refusals_feed import feed_refusal
from kumiai_resident_registry.domain.relationships import is_term
from kumiai_resident_registry.domain.rows import CODE
from kumiai_resident_registry.domain.texts import looks_like_my_number

SEALED = ("address", "previous_address", "destination_address", CODE)
"""The columns of a row that hold a commitment."""
RESERVED = "9"
"""How the numbers of taxpayers begin who are no residents (住登外者)."""
_TEXTS = ("name", "name_kana", "place", "operator")
_CANCELLED = (Reason.CANCELLED_ENTRY, Reason.CANCELLED_REMOVAL, Reason.CANCELLED_AMENDMENT)
_REASONS: Mapping[str, tuple[Reason, ...]] = {
    "resident.carried-over.v1": (Reason.CARRIED_OVER,),
    "resident.moved-in.v1": (Reason.DOMESTIC_MOVE_IN, Reason.MOVE_IN_FROM_ABROAD),
    "resident.born.v1": (Reason.BIRTH,),
    "resident.entered.v1": (Reason.EX_OFFICIO_ENTRY,),
    "resident.returned.v1": (Reason.DOMESTIC_MOVE_IN, Reason.MOVE_IN_FROM_ABROAD, Reason.EX_OFFICIO_ENTRY),
    "resident.moved-out.v1": (Reason.DOMESTIC_MOVE_OUT, Reason.MOVE_OUT_ABROAD),
    "resident.move-out-confirmed.v1": (Reason.DOMESTIC_MOVE_OUT,),
    "resident.died.v1": (Reason.DEATH,),
    "resident.removed.v1": (Reason.EX_OFFICIO_REMOVAL,),
    "resident.changed-address.v1": (Reason.CHANGE_OF_ADDRESS,),
    "resident.household-head-changed.v1": (Reason.CHANGE_OF_HEAD,),
    "resident.household-split.v1": (Reason.HOUSEHOLD_SPLIT,),
    "resident.households-merged.v1": (Reason.HOUSEHOLD_MERGE,),
    "resident.changed-household.v1": (Reason.CHANGE_OF_HOUSEHOLD,),
    "resident.nationality-changed.v1": (Reason.NATURALISED_REMOVAL, Reason.NATIONALITY_LOST_REMOVAL),
    "resident.record-remade.v1": (Reason.RENEWED, Reason.RECREATED),
    "resident.movement-cancelled.v1": _CANCELLED,
}
"""The reasons that the first row of each type may have; an amendment has any of the many that are left."""


def faults(notice: FeedEventNotice | FeedProtectionNotice, known: Mapping[str, str]) -> Iterator[Refusal]:
    """What does not hold in itself; `known` are the names of the parts that are there, by commitment.

    A code never stands where an address does, so that nobody is shown the one for the other.
    """
    if isinstance(notice, FeedProtectionNotice):
        return
    rows = notice.event.residents
    if rows[0].reason not in _REASONS.get(notice.event_type, (rows[0].reason,)):
        yield feed_refusal("reason-not-of-type", "/event/residents/0/reason")
    yield from _of_numbers(notice)
    sealed = {**known, **{_commitment(part): part.name for part in notice.parts}}
    for n, row in enumerate(rows):
        at = f"/event/residents/{n}"
        yield from _of_row(row, at)
        yield from (
            feed_refusal("part-missing", f"{at}/{name}")
            for name in SEALED
            if (value := getattr(row, name)) is not None
            and (value not in sealed or (sealed[value] == CODE) != (name == CODE))
        )
    for n, household in enumerate(notice.event.households):
        if household.household_number.startswith(RESERVED):
            yield feed_refusal("number-reserved", f"/event/households/{n}/household_number")
        if household.household_number in (other.household_number for other in notice.event.households[:n]):
            yield refusal("named-twice", f"/event/households/{n}/household_number")
    for n, part in enumerate(notice.parts):
        yield from _of_part(part, rows, f"/parts/{n}")


def event_of(notice: FeedEventNotice | FeedProtectionNotice, cause: str) -> Event:
    """The event as it will stand in the stream: every row names the receipt that made it."""
    if isinstance(notice, FeedProtectionNotice):
        return ProtectionChanged(protections=notice.protections)
    rows = tuple(row.model_copy(update={"movement": cause}) for row in notice.event.residents)
    if notice.event.numbers:
        return ResidentHistoryCarriedOver(
            residents=rows, households=notice.event.households, numbers=notice.event.numbers
        )
    return MOVEMENTS[notice.event_type](residents=rows, households=notice.event.households)


def new_parts(notice: FeedEventNotice | FeedProtectionNotice, known: Collection[str]) -> tuple[SealedPart, ...]:
    """The sealed parts that nobody has yet, each once."""
    if isinstance(notice, FeedProtectionNotice):
        return ()
    found = {_commitment(part): part for part in notice.parts}
    return tuple(
        SealedPart(part.name, bytes.fromhex(part.salt), part.part.encode())
        for sealed, part in found.items()
        if sealed not in known
    )


def commitments(notice: FeedEventNotice) -> set[str]:
    """Every commitment that a notice names."""
    named = {value for row in notice.event.residents for name in SEALED if (value := getattr(row, name)) is not None}
    return named | {_commitment(part) for part in notice.parts}


def _commitment(part: FeedPart) -> str:
    return commitment(bytes.fromhex(part.salt), part.part.encode())


def _of_numbers(notice: FeedEventNotice) -> Iterator[Refusal]:
    event = notice.event
    if (notice.event_type == ResidentHistoryCarriedOver.type) != bool(event.numbers):
        yield feed_refusal("numbers-do-not-fit", "/event/numbers")
    people = {row.addressee_number for row in event.residents}
    households = {row.household_number for row in event.residents}
    for n, carried in enumerate(event.numbers):
        if carried.number not in (people if carried.kind == "person" else households):
            yield feed_refusal("numbers-do-not-fit", f"/event/numbers/{n}/number")


def _of_row(row: ResidentRow, at: str) -> Iterator[Refusal]:
    if row.movement:
        yield feed_refusal("movement-given", f"{at}/movement")
    for name in ("addressee_number", "household_number"):
        if getattr(row, name).startswith(RESERVED):
            yield feed_refusal("number-reserved", f"{at}/{name}")
    if (row.status is Status.REMOVED) != (row.removed_on is not None):
        yield feed_refusal("removed-on-does-not-fit", f"{at}/removed_on")
    # Somebody who is the only one left after a cancellation becomes head, which in itself cancels nothing.
    if (row.reason in _CANCELLED) != (row.cancels is not None) or (row.cancels or 0) >= row.history_number:
        yield feed_refusal("cancels-nothing", f"{at}/cancels")
    if not is_term(row.relationship):
        yield refusal("relationship-unknown", f"{at}/relationship")
    for name in _TEXTS:
        if looks_like_my_number(getattr(row, name)):
            yield refusal("looks-like-my-number", f"{at}/{name}")


def _of_part(part: FeedPart, rows: tuple[ResidentRow, ...], at: str) -> Iterator[Refusal]:
    if _commitment(part) not in (getattr(row, part.name) for row in rows):
        yield feed_refusal("part-unused", at)
    if not part.is_what_it_says():
        yield feed_refusal("part-invalid", f"{at}/part")
    elif part.name != CODE and looks_like_my_number(part.part):
        yield refusal("looks-like-my-number", f"{at}/part")
