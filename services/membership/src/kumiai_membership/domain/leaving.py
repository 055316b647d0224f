"""Leaving (脱退): which step may follow which, and what each needs. Pure: evolving is the fold of the events' rows.

Invariants: every step may be repeated and then changes nothing; a leave is cancelled at any time before erasure begins;
erasure needs the municipality's own signature over the bundle's hash, and the bundle stands at the closed heads.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from kumiai_contracts.decision import Accepted, Decision, Refused
from kumiai_contracts.leaving import (
    AcknowledgementKeyRegistered,
    AcknowledgementKeyRow,
    BundleExported,
    BundleSealed,
    BundleVerified,
    CertificateRow,
    ErasureBegun,
    LeaveCancelled,
    LeaveCertified,
    LeaveClosingBegun,
    LeaveErased,
    LeaveEvent,
    LeaveRequested,
    LeaveRow,
    LeaveState,
    ReaderBehind,
    ServiceClosed,
    ServiceClosedRow,
    ServiceErased,
    ServiceErasedRow,
    acknowledgement_statement,
)
from kumiai_contracts.membership import MemberRow, PartyRevoked, PartyRow, ServiceName, SubscriptionRow
from kumiai_contracts.model import RowSet

from kumiai_membership.domain.refusals import refusal

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
KAFKA, MEMBERSHIP = "kafka", "membership"
"""Places of erasure besides the services' databases."""
ENDED: frozenset[LeaveState] = frozenset(("certified", "cancelled"))
BY_ITSELF: tuple[LeaveState, ...] = ("requested", "closing", "exported", "erasing")
"""States that a leave does not wait for people in."""
_GONE: frozenset[LeaveState] = frozenset(("erased", "certified"))
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
Signed = Callable[[str, bytes, str], bool]
"""(public key, statement, signature in hexadecimal) → whether the key signed the statement."""
Place = tuple[int, int, str]
"""(incarnation, position, hash) of a head."""


def under_way(state: RowSet) -> LeaveRow | None:
    """The leave that has neither been certified nor cancelled; there is one at most."""
    return next((leave for leave in state.all(LeaveRow) if leave.state not in ENDED), None)


def has_left(state: RowSet) -> bool:
    """Whether the municipality is no member any more."""
    return any(leave.altogether and leave.state in _GONE for leave in state.all(LeaveRow))


def databases(leave: LeaveRow) -> tuple[str, ...]:
    """The services whose databases have to be empty."""
    return SERVICES if leave.altogether else leave.services


def out_of_kafka(leaves: Sequence[LeaveRow], erased: Sequence[ServiceErasedRow]) -> tuple[frozenset[str], bool]:
    """The services whose topics have to go, and whether the municipality's own user, topics and groups do.

    Topics go last: before, the services learn from them what they have to erase.
    """
    done = {(row.leave, row.place) for row in erased}
    over = [
        leave
        for leave in leaves
        if leave.state in _GONE
        or (leave.state == "erasing" and all((leave.leave, place) in done for place in databases(leave)))
    ]
    return (
        frozenset(service for leave in over for service in databases(leave)),
        any(leave.altogether for leave in over),
    )


def gone(leaves: Sequence[LeaveRow]) -> frozenset[ServiceName]:
    """The services whose records are erased."""
    return frozenset(service for leave in leaves if leave.state in _GONE for service in leave.services)


def closing(leaves: Sequence[LeaveRow]) -> frozenset[ServiceName]:
    """The services to which the municipality may not write because it is leaving them."""
    return frozenset(service for leave in leaves if leave.state not in ENDED for service in leave.services)


def places(leave: LeaveRow) -> tuple[str, ...]:
    """Every place that has to be empty before the leave is done; who leaves altogether leaves every database."""
    return (*SERVICES, KAFKA, MEMBERSHIP) if leave.altogether else (*leave.services, KAFKA)


def refused_change(state: RowSet, service: str) -> Refused | None:
    """Why a subscription can't change now, if it can't."""
    if has_left(state):
        return Refused((refusal("has-left", "/municipality"),))
    leaves = state.all(LeaveRow)
    if service in gone(leaves):
        return Refused((refusal("service-was-erased", "/service"),))
    return Refused((refusal("leave-under-way", "/service"),)) if service in closing(leaves) else None


# The key


def key_registered(public_key: str, now: str, usable_from: str) -> AcknowledgementKeyRegistered:
    """The event that names the key."""
    row = AcknowledgementKeyRow(public_key=public_key, registered_at=now, usable_from=usable_from)
    return AcknowledgementKeyRegistered(acknowledgement_key=row)


def register_key(state: RowSet, public_key: str, by_old_key: bool, now: str, later: str) -> Decision:
    """検収鍵登録: the first may be used `later`, when the municipality has seen it in its own stream.

    Another one may at once, since the present key has signed it.

    Whoever can renew a system's credentials could register a key in its name; the time between lets that be noticed.
    """
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    before = state.get(AcknowledgementKeyRow)
    if before is not None and before.public_key == public_key:
        return Accepted(())
    if before is not None and not by_old_key:
        return Refused((refusal("acknowledgement-key-change-unsigned", "/signature"),))
    return Accepted((key_registered(public_key, now, later if before is None else now),))


# The steps


def request(state: RowSet, services: Sequence[str] | None, by: str, readers_until: str, now: str) -> Decision:
    """脱退申請, from some services or, without any named, from the federation."""
    asked = planned(state, services, by, readers_until, now)
    if isinstance(asked, Refused):
        return asked
    running = under_way(state)
    if running is None:
        return Accepted((LeaveRequested(leave=asked),))
    same = (running.services, running.altogether) == (asked.services, asked.altogether)
    return Accepted(()) if same else Refused((refusal("leave-under-way", "/services"),))


def planned(state: RowSet, services: Sequence[str] | None, by: str, readers_until: str, now: str) -> LeaveRow | Refused:
    """The leave that a request would begin, were none under way."""
    if state.get(MemberRow) is None:
        return Refused((refusal("not-a-member", "/municipality"),))
    if has_left(state):
        return Refused((refusal("has-left", "/municipality"),))
    leaves = state.all(LeaveRow)
    erased = gone(leaves)
    taken = {row.service for row in state.all(SubscriptionRow)} - erased
    if services is not None:
        unknown = [n for n, service in enumerate(services) if service not in taken]
        if unknown or not services:
            return Refused(tuple(refusal("service-not-taken", f"/services/{n}") for n in unknown or (0,)))
    return LeaveRow(
        leave=len(leaves) + 1,
        services=tuple(s for s in SERVICES if (s in services if services is not None else s not in erased)),
        altogether=services is None,
        state="requested",
        requested_at=now,
        requested_by=by,
        changed_at=now,
        readers_until=readers_until,
        bundle_hash=None,
        seal=None,
        acknowledgement=None,
        acknowledged_with=None,
        readers_behind=(),
    )


def begin_closing(state: RowSet, now: str) -> Decision:
    """締切り開始, once Kafka has confirmed that the right to write is gone."""
    leave = under_way(state)
    nothing_left = leave is not None and not leave.services
    return _step(state, {"requested"}, LeaveClosingBegun, "closed" if nothing_left else "closing", now)


def close_service(state: RowSet, closed: ServiceClosedRow, now: str) -> Decision:
    """締切り of one service; with the last one everything is closed."""
    leave = under_way(state)
    if leave is None or leave.state != "closing" or leave.leave != closed.leave or closed.service not in leave.services:
        return _not_now(state)
    done = {row.service for row in closed_of(state, leave)}
    if closed.service in done:
        return Accepted(())
    all_done = done | {closed.service} >= set(leave.services)
    row = leave.model_copy(update={"state": "closed" if all_done else "closing", "changed_at": now})
    return Accepted((ServiceClosed(leave=row, closed=closed),))


def export(state: RowSet, bundle_hash: str, heads: Mapping[str, Place], now: str) -> Decision:
    """持出し: a bundle was made at the closed heads; `heads` are those that its manifest names, by stream."""
    if not _HASH.fullmatch(bundle_hash):
        return Refused((refusal("bundle-hash-invalid", "/bundle_hash"),))
    leave = under_way(state)
    if leave is not None and leave.bundle_hash == bundle_hash:
        return Accepted(())
    if leave is None or leave.state not in ("closed", "exported", "sealed"):
        return _not_now(state)
    wrong = [stream for stream, place in closed_heads(state, leave).items() if heads.get(stream) != place]
    if wrong:
        return Refused(tuple(refusal("bundle-heads-differ", f"/heads/{stream}") for stream in wrong))
    changes = {"state": "exported", "bundle_hash": bundle_hash, "seal": None, "changed_at": now}
    return Accepted((BundleExported(leave=leave.model_copy(update=changes)),))


def seal(state: RowSet, bundle_hash: str, signature: str, now: str) -> Decision:
    """封印 by membership's own key."""
    leave = under_way(state)
    if leave is not None and leave.bundle_hash != bundle_hash:
        return _not_now(state)
    return _step(state, {"exported"}, BundleSealed, "sealed", now, seal=signature)


def acknowledge(
    state: RowSet, municipality: str, bundle_hash: str, signature: str, signed: Signed, now: str
) -> Decision:
    """検収: the municipality's own signature over the hash of the bundle that it verified."""
    leave, key = under_way(state), state.get(AcknowledgementKeyRow)
    if leave is None or leave.state not in ("sealed", "verified"):
        return _not_now(state)
    if bundle_hash != leave.bundle_hash:
        return Refused((refusal("bundle-differs", "/bundle_hash"),))
    if key is None or key.usable_from > now:
        code = "acknowledgement-key-missing" if key is None else "acknowledgement-key-too-new"
        return Refused((refusal(code, "/signature"),))
    if not signed(key.public_key, acknowledgement_statement(municipality, leave.leave, bundle_hash), signature):
        return Refused((refusal("acknowledgement-invalid", "/signature"),))
    given = {"acknowledgement": signature, "acknowledged_with": key.public_key}
    return _step(state, {"sealed"}, BundleVerified, "verified", now, **given)


def begin_erasure(state: RowSet, behind: Sequence[ReaderBehind], now: str) -> Decision:
    """消去開始: never without the acknowledgement; external readers are waited for until their deadline, not longer."""
    leave = under_way(state)
    if leave is not None and leave.state == "erasing":
        return Accepted(())
    if leave is None or leave.acknowledgement is None:
        return Refused((refusal("acknowledgement-missing", ""),)) if leave else _not_now(state)
    if behind and now < leave.readers_until:
        return Refused((refusal("readers-behind", ""),))
    begun = _step(state, {"verified"}, ErasureBegun, "erasing", now, readers_behind=tuple(behind))
    if not leave.altogether or not isinstance(begun, Accepted):
        return begun
    # From here on nobody acts for the municipality, so nothing new is recorded of it while it is erased.
    revoked = [
        PartyRevoked(party=party.model_copy(update={"revoked": True, "changed_at": now}))
        for party in state.all(PartyRow)
        if not party.revoked
    ]
    return Accepted((*begun.events, *revoked))


def erase_place(state: RowSet, erased: ServiceErasedRow) -> Decision:
    """消去 of one place, which was looked at and found empty."""
    leave = under_way(state)
    if leave is None or leave.state != "erasing" or erased.leave != leave.leave or erased.place not in places(leave):
        return _not_now(state)
    known = state.get(ServiceErasedRow, erased.leave, erased.place)
    return Accepted(()) if known else Accepted((ServiceErased(erased=erased),))


def finish(state: RowSet, now: str) -> Decision:
    """消去完了: every place is empty, and subscriptions end."""
    leave = under_way(state)
    if leave is None or leave.state != "erasing" or waiting_for(state, leave):
        return _not_now(state)
    row = leave.model_copy(update={"state": "erased", "changed_at": now})
    ended = tuple(
        subscription.model_copy(update={"active": False, "changed_at": now})
        for subscription in state.all(SubscriptionRow)
        if subscription.active and subscription.service in leave.services
    )
    return Accepted((LeaveErased(leave=row, subscriptions=ended),))


def certify(state: RowSet, certificate: CertificateRow, now: str) -> Decision:
    """証明."""
    leave = under_way(state)
    if leave is None or leave.state != "erased" or certificate.leave != leave.leave:
        return _not_now(state)
    row = leave.model_copy(update={"state": "certified", "changed_at": now})
    return Accepted((LeaveCertified(leave=row, certificate=certificate),))


def cancel(state: RowSet, now: str) -> Decision:
    """脱退取消し: everything goes on as before, until erasure has begun."""
    leave = under_way(state)
    if leave is None:
        last = max(state.all(LeaveRow), key=lambda row: row.leave, default=None)
        return Accepted(()) if last is not None and last.state == "cancelled" else _not_now(state)
    if leave.state in ("erasing", "erased"):
        return Refused((refusal("erasure-has-begun", ""),))
    row = leave.model_copy(update={"state": "cancelled", "changed_at": now})
    return Accepted((LeaveCancelled(leave=row),))


# What is known of a leave


def closed_of(state: RowSet, leave: LeaveRow) -> list[ServiceClosedRow]:
    """The services that have closed for it."""
    return [row for row in state.all(ServiceClosedRow) if row.leave == leave.leave]


def closed_heads(state: RowSet, leave: LeaveRow) -> dict[str, Place]:
    """Where every stream ended that is left, by its name; a stream of receipts without a receipt is left out."""
    found: dict[str, Place] = {}
    for row in closed_of(state, leave):
        found[row.stream] = (row.incarnation, row.position, row.hash)
        if row.receipts_position:
            found[f"{row.service}-receipts"] = (row.receipts_incarnation, row.receipts_position, row.receipts_hash)
    return found


def waiting_for(state: RowSet, leave: LeaveRow) -> tuple[str, ...]:
    """Who has yet to do its part of the present state: services that close, or places that are erased."""
    if leave.state == "closing":
        done = {row.service for row in closed_of(state, leave)}
        return tuple(service for service in leave.services if service not in done)
    if leave.state == "erasing":
        return tuple(place for place in places(leave) if state.get(ServiceErasedRow, leave.leave, place) is None)
    return ()


def _step(
    state: RowSet, allowed: set[LeaveState], kind: type[LeaveEvent], to: LeaveState, now: str, **changes: Any
) -> Decision:
    leave = under_way(state)
    if leave is not None and leave.state == to:
        return Accepted(())
    if leave is None or leave.state not in allowed:
        return _not_now(state)
    return Accepted((kind(leave=leave.model_copy(update={"state": to, "changed_at": now, **changes})),))


def _not_now(state: RowSet) -> Refused:
    return Refused((refusal("not-in-this-state" if under_way(state) else "no-leave", ""),))
