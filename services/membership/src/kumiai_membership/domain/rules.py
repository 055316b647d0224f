"""Who may join, subscribe and act: the rules of membership.

Invariants: a command that changes nothing gives no event, so every command may be repeated; an operator's rights exist
only in the federation's own organisation (000001); a key that was revoked never comes back.
"""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.identifiers import has_check_digit, local_government_check_digit
from kumiai_contracts.membership import (
    MemberRow,
    MunicipalityJoined,
    PartyRegistered,
    PartyRevoked,
    PartyRow,
    Purpose,
    Role,
    ServiceName,
    ServiceSubscribed,
    ServiceUnsubscribed,
    SubscriptionRow,
)
from kumiai_contracts.model import Event, RowSet
from kumiai_contracts.receipts import Reason
from kumiai_contracts.topics import FEDERATION

from kumiai_membership.domain import leaving
from kumiai_membership.domain.refusals import refusal

SYSTEM_PARTY = "system"
"""The line-of-business system that every municipality gets when it joins."""
PURPOSE_OF: dict[ServiceName, Purpose] = {
    "resident-registry": Purpose.RESIDENT_SERVICES,
    "taxation": Purpose.TAXATION,
    "national-id-linkage": Purpose.LINKAGE,
}
"""The purpose for which records of a service are read."""
_ROLES_OF_KIND = {"system": frozenset((Role.SYSTEM,)), "person": frozenset((Role.CLERK, Role.OPERATOR))}
Kind = Literal["person", "system"]
SubscriptionRule = Callable[[RowSet, str, str], Decision]
"""(state, service, now) → what follows."""


def join(
    state: RowSet,
    municipality: str,
    name: str,
    prefecture: str,
    services: Sequence[str],
    system_key: str,
    now: str,
    acknowledgement_key: str | None = None,
) -> Decision:
    """加入: a municipality becomes a member, subscribes to services and gets a system that may act for it.

    It may bring the key with which it will one day acknowledge what it takes along.
    """
    reasons: list[Reason] = []
    if municipality == FEDERATION or not has_check_digit(municipality, 6, local_government_check_digit):
        reasons.append(refusal("municipality-code-invalid", "/municipality"))
    if state.get(MemberRow) is not None:
        code = "has-left" if leaving.has_left(state) else "already-member"
        reasons.append(refusal(code, "/municipality"))
    if not services:
        reasons.append(refusal("no-service", "/services"))
    reasons += [
        refusal("service-unknown", f"/services/{n}")
        for n, service in enumerate(services)
        if service not in get_args(ServiceName)
    ]
    for pointer, text in (("/name", name), ("/prefecture", prefecture)):
        if not 0 < len(text.strip()) <= 200:
            reasons.append(refusal("text-missing", pointer))
    if reasons:
        return Refused(tuple(reasons))
    chosen = [service for service in get_args(ServiceName) if service in services]
    subscriptions = tuple(SubscriptionRow(service=service, active=True, changed_at=now) for service in chosen)
    system = PartyRow(
        party=SYSTEM_PARTY,
        kind="system",
        public_key=system_key,
        roles=(Role.SYSTEM,),
        purposes=(Purpose.REPLICATION, *[PURPOSE_OF[service] for service in chosen]),
        revoked=False,
        changed_at=now,
    )
    member = MemberRow(name=name.strip(), prefecture=prefecture.strip(), joined_at=now)
    events: list[Event] = [
        MunicipalityJoined(member=member, subscriptions=subscriptions),
        PartyRegistered(party=system),
    ]
    if acknowledgement_key is not None:
        events.append(leaving.key_registered(acknowledgement_key, now, now))
    return Accepted(tuple(events))


def subscribe(state: RowSet, service: str, now: str) -> Decision:
    """利用開始: the service, and the purpose for which the municipality's system then reads its records."""
    refused = _refused_service(state, service)
    if refused:
        return refused
    known: ServiceName = service  # type: ignore[assignment]  # checked above
    before = state.get(SubscriptionRow, known)
    if before is not None and before.active:
        return Accepted(())
    events: list[Event] = [ServiceSubscribed(subscription=SubscriptionRow(service=known, active=True, changed_at=now))]
    system = state.get(PartyRow, SYSTEM_PARTY)
    if system is not None and not system.revoked and PURPOSE_OF[known] not in system.purposes:
        wider = {"purposes": (*system.purposes, PURPOSE_OF[known]), "changed_at": now}
        events.append(PartyRegistered(party=system.model_copy(update=wider)))
    return Accepted(tuple(events))


def unsubscribe(state: RowSet, service: str, now: str) -> Decision:
    """利用停止: from now on the municipality's notices to the service are refused; what is recorded stays readable."""
    refused = _refused_service(state, service)
    if refused:
        return refused
    known: ServiceName = service  # type: ignore[assignment]  # checked above
    before = state.get(SubscriptionRow, known)
    if before is None or not before.active:
        return Accepted(())
    return Accepted((ServiceUnsubscribed(subscription=SubscriptionRow(service=known, active=False, changed_at=now)),))


def register_party(
    state: RowSet,
    municipality: str,
    party: str,
    kind: Kind,
    public_key: str,
    roles: Sequence[Role],
    purposes: Sequence[Purpose],
    now: str,
) -> Decision:
    """利用者登録: a person or system may act for the municipality; again for another key or other rights."""
    federal = municipality == FEDERATION
    if not federal and state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if leaving.has_left(state):
        return Refused((refusal("has-left", "/municipality"),))
    before = state.get(PartyRow, party)
    reasons: list[Reason] = []
    allowed = _ROLES_OF_KIND[kind] & ({Role.OPERATOR} if federal else {Role.SYSTEM, Role.CLERK})
    if not roles or not set(roles) <= allowed:
        reasons.append(refusal("role-not-allowed", "/roles"))
    if Purpose.DISASTER in purposes or (Purpose.OPERATION in purposes and not federal):
        reasons.append(refusal("purpose-not-allowed", "/purposes"))
    if federal and set(purposes) - {Purpose.OPERATION}:
        reasons.append(refusal("purpose-not-allowed", "/purposes"))
    if before is not None and before.revoked and before.public_key == public_key:
        reasons.append(refusal("key-was-revoked", "/public_key"))
    if reasons:
        return Refused(tuple(reasons))
    row = PartyRow(
        party=party,
        kind=kind,
        public_key=public_key,
        roles=tuple(role for role in Role if role in roles),
        purposes=tuple(purpose for purpose in Purpose if purpose in purposes),
        revoked=False,
        changed_at=now,
    )
    if before is not None and before.model_copy(update={"changed_at": now}) == row:
        return Accepted(())
    return Accepted((PartyRegistered(party=row),))


def renew_system_key(state: RowSet, public_key: str, now: str) -> Decision:
    """The municipality's system gets another key: after a loss, or when the answer to its joining was lost."""
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if leaving.has_left(state):
        return Refused((refusal("has-left", "/municipality"),))
    system = state.get(PartyRow, SYSTEM_PARTY)
    if system is None:
        return Refused((refusal("party-not-found", "/party"),))
    renewed = {"public_key": public_key, "revoked": False, "changed_at": now}
    return Accepted((PartyRegistered(party=system.model_copy(update=renewed)),))


def revoke_party(state: RowSet, municipality: str, party: str, now: str) -> Decision:
    """利用者取消し: effective in every service as soon as it has read the event."""
    before = state.get(PartyRow, party)
    if before is None:
        return Refused((refusal("party-not-found", "/party"),))
    if before.revoked:
        return Accepted(())
    others = [row for row in state.all(PartyRow) if row.party != party and not row.revoked]
    if municipality == FEDERATION and not any(Role.OPERATOR in row.roles for row in others):
        return Refused((refusal("last-operator", "/party"),))
    return Accepted((PartyRevoked(party=before.model_copy(update={"revoked": True, "changed_at": now})),))


def _refused_service(state: RowSet, service: str) -> Refused | None:
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if service not in get_args(ServiceName):
        return Refused((refusal("service-unknown", "/service"),))
    return leaving.refused_change(state, service)
