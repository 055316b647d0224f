"""個人番号のトークン: by what the registry knows somebody again whose 個人番号 it never sees.

The vault makes a token of a number with a key of the municipality's own (docs/architecture/vault.md); whoever sends
notices passes it on. Invariant: a token is one person's; only an entry that never was gives its own back.
"""

from collections.abc import Iterator

from kumiai_contracts.decision import Accepted, Context, Decision
from kumiai_contracts.model import Event
from kumiai_contracts.receipts import Reason as Refusal
from kumiai_contracts.resident import MoveInNotice, Reason, ResidentEvent
from kumiai_contracts.resident_amendments import ExOfficioEntryNotice
from kumiai_contracts.resident_tokens import MyNumberTokenRow, MyNumberTokensLearned, MyNumberTokensNotice

from kumiai_resident_registry.domain.refusals import refusal, refused
from kumiai_resident_registry.domain.state import RegistryState


def bearer(state: RegistryState, token: str) -> str | None:
    """宛名番号 of whoever bears, or bore, the number that a token stands for, as far as it is loaded."""
    number = state.bearer_of(token)
    row = state.current(number) if number is not None else None
    return None if row is None or row.reason is Reason.CANCELLED_ENTRY else number


def learn(state: RegistryState, notice: MyNumberTokensNotice, context: Context) -> Decision:
    """Tokens of people who are, or were, on the record. What is known already changes nothing."""
    reasons: list[Refusal] = []
    for n, each in enumerate(notice.tokens):
        if state.current(each.addressee_number) is None:
            reasons.append(refusal("unknown-resident", f"/tokens/{n}/addressee_number"))
        if any(each.token == other.token for other in notice.tokens[:n]):
            reasons.append(refusal("token-twice", f"/tokens/{n}/token"))
        elif bearer(state, each.token) not in (None, each.addressee_number):
            reasons.append(refusal("token-of-another", f"/tokens/{n}/token"))
    if reasons:
        return refused(reasons)
    rows = [MyNumberTokenRow(token=each.token, addressee_number=each.addressee_number) for each in notice.tokens]
    return Accepted(tuple(_learned(state, rows)))


def of_entering(
    state: RegistryState, notice: MoveInNotice | ExOfficioEntryNotice, decision: Accepted
) -> Iterator[Event]:
    """The tokens that people entered with, for the next time."""
    event = decision.events[0]
    assert isinstance(event, ResidentEvent)
    yield from _learned(
        state,
        [
            MyNumberTokenRow(token=each.my_number_token, addressee_number=event.residents[each.person].addressee_number)
            for each in notice.identified
            if each.my_number_token is not None
        ],
    )


def _learned(state: RegistryState, rows: list[MyNumberTokenRow]) -> Iterator[Event]:
    new = tuple(row for row in rows if state.bearer_of(row.token) != row.addressee_number)
    if new:
        yield MyNumberTokensLearned(tokens=new)
