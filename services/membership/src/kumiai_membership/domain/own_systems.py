"""Whose system keeps a service's record: the municipality's own, or the shared service.

Invariant: the service owns the stream either way, so the municipality subscribes to it; a command that changes nothing
gives no event.
"""

from collections.abc import Sequence

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.membership import MemberRow, ServiceName, SubscriptionRow
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.own_system import OwnSystemBegun, OwnSystemEnded, OwnSystemRow
from kumiai_contracts.receipts import Reason

from kumiai_membership.domain import leaving, rules
from kumiai_membership.domain.refusals import refusal

POSSIBLE: tuple[ServiceName, ...] = ("resident-registry",)
"""The services whose record a municipality's own system can keep."""


def joining_with(joined: Decision, own: Sequence[str], now: str) -> Decision:
    """加入 with own systems: what `rules.join` gave, and that these services' records are kept by own systems."""
    if not isinstance(joined, Accepted):
        return joined
    reasons = [_refusal(f"/own/{n}") for n, service in enumerate(own) if service not in POSSIBLE]
    if reasons:
        return Refused(tuple(reasons))
    begun: list[Event] = [_begun(service, now) for service in POSSIBLE if service in own]
    return Accepted((*joined.events, *begun))


def begin(state: RowSet, service: str, now: str) -> Decision:
    """自団体システムへの切替え, with the subscription that it needs, if there is none."""
    if service not in POSSIBLE:
        return Refused((_refusal("/service"),))
    subscribed = rules.subscribe(state, service, now)
    before = state.get(OwnSystemRow, service)
    if isinstance(subscribed, Refused) or (before is not None and before.active):
        return subscribed
    return Accepted((*subscribed.events, _begun(service, now)))


def end(state: RowSet, service: str, now: str) -> Decision:
    """共同利用への切替え."""
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if service not in POSSIBLE:
        return Refused((_refusal("/service"),))
    if refused := leaving.refused_change(state, service):
        return refused
    before = state.get(OwnSystemRow, service)
    if before is None or not before.active:
        return Accepted(())
    return Accepted((OwnSystemEnded(own_system=before.model_copy(update={"active": False, "changed_at": now})),))


def kept_by_own(state: RowSet) -> list[str]:
    """The services whose record the municipality's own system keeps: as long as it subscribes to them."""
    active = {row.service for row in state.all(SubscriptionRow) if row.active}
    return [row.service for row in state.all(OwnSystemRow) if row.active and row.service in active]


def _begun(service: ServiceName, now: str) -> OwnSystemBegun:
    return OwnSystemBegun(own_system=OwnSystemRow(service=service, active=True, changed_at=now))


def _refusal(pointer: str) -> Reason:
    return refusal("own-system-not-possible", pointer)
