"""本人を特定するもの: by what the registry knows somebody again beside 住民票コード and 宛名番号.

個人番号のトークン: the vault makes it of a number with a key of the municipality's own (docs/architecture/vault.md);
whoever sends notices passes it on. 在留カード番号: stated, and sealed. Invariant: a token and a card are one person's;
only an entry that never was gives its own back.
"""

from collections.abc import Iterable, Iterator

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.identified import Identified
from kumiai_contracts.model import Event
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import MoveInNotice, Reason, ResidentEvent
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_marks import (
    IdentityMarksLearned,
    IdentityMarksNotice,
    MarksOfPerson,
    MyNumberTokenRow,
    ResidenceCardRow,
)

from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.rows import Sealing
from kumiai_resident_registry.domain.state import RegistryState

MARKS = ("my_number_token", "residence_card")
"""Fields that hold a mark, in whoever enters and in whom a notice is about."""


def bearer(state: RegistryState, mark: str) -> str | None:
    """宛名番号 of whoever bears, or bore, a token or a card, as far as it is loaded."""
    number = state.bearer_of(mark)
    row = state.current(number) if number is not None else None
    return None if row is None or row.reason is Reason.CANCELLED_ENTRY else number


def known(state: RegistryState, each: Identified) -> str | None:
    """宛名番号 of whom the marks mean that somebody enters with."""
    return next((number for _, mark in of(each) if (number := bearer(state, mark)) is not None), None)


def of(each: Identified | MarksOfPerson) -> Iterator[tuple[str, str]]:
    """The marks of somebody, by field."""
    return ((name, mark) for name in MARKS if (mark := getattr(each, name)) is not None)


def learn(state: RegistryState, notice: IdentityMarksNotice, context: Context) -> Decision:
    """Marks of people who are, or were, on the record. What is known already changes nothing."""
    reasons: list[Refusal] = []
    seen: set[str] = set()
    for n, each in enumerate(notice.people):
        if state.current(each.addressee_number) is None:
            reasons.append(refusal("unknown-resident", f"/people/{n}/addressee_number"))
        for name, mark in of(each):
            if mark in seen:
                reasons.append(refusal("mark-twice", f"/people/{n}/{name}"))
            elif bearer(state, mark) not in (None, each.addressee_number):
                reasons.append(refusal("mark-of-another", f"/people/{n}/{name}"))
            seen.add(mark)
    if reasons:
        return refused(reasons)
    sealing = Sealing(context)
    events = tuple(_learned(state, ((each.addressee_number, each) for each in notice.people), sealing))
    return Accepted(events, tuple(sealing.parts))


def of_entering(
    state: RegistryState, notice: MoveInNotice | ExOfficioEntryNotice, decision: Accepted, sealing: Sealing
) -> Iterator[Event]:
    """The marks that people entered with, for the next time."""
    event = decision.events[0]
    assert isinstance(event, ResidentEvent)
    entered = ((event.residents[each.person].addressee_number, each) for each in notice.identified)
    yield from _learned(state, entered, sealing)


def _learned(
    state: RegistryState, people: Iterable[tuple[str, Identified | MarksOfPerson]], sealing: Sealing
) -> Iterator[Event]:
    tokens: list[MyNumberTokenRow] = []
    cards: list[ResidenceCardRow] = []
    for number, each in people:
        token, card = each.my_number_token, each.residence_card
        if token is not None and state.bearer_of(token) != number:
            tokens.append(MyNumberTokenRow(token=token, addressee_number=number))
        if card is not None and state.bearer_of(card) != number:
            cards.append(ResidenceCardRow(card=sealing.seal_card(card), addressee_number=number))
    if tokens or cards:
        yield IdentityMarksLearned(tokens=tuple(tokens), cards=tuple(cards))
