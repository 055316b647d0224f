"""What leaving needs besides decisions: asking the services, withdrawing rights, looking whether all is gone.

Invariant: every step follows from what is recorded and from what is seen at the moment, and every step may be repeated.
So whatever a crash left half done is done by the next look, and nothing is recorded that was not seen.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

import structlog
from confluent_kafka import KafkaException
from kumiai_common.clock import now as instant
from kumiai_common.clock import timestamp
from kumiai_common.database import TRANSIENT
from kumiai_common.logging import where
from kumiai_common.peers import UNREACHABLE
from kumiai_common.queries import QUERIES as GROUND
from kumiai_common.service import Ground
from kumiai_contracts.decision import Accepted, Decision
from kumiai_contracts.leaving import (
    LeaveRow,
    ReaderBehind,
    ServiceClosedRow,
    ServiceErasedRow,
    certificate_statement,
    seal_statement,
)
from kumiai_contracts.model import RowSet
from kumiai_contracts.topics import STREAM_OF

from kumiai_membership import store
from kumiai_membership.commands import Commands
from kumiai_membership.domain import certificate as certificates
from kumiai_membership.domain import leaving, rights
from kumiai_membership.domain.leaving import KAFKA, MEMBERSHIP
from kumiai_membership.leaving_kafka import LeavingKafka
from kumiai_membership.reconciling import Reconciling
from kumiai_membership.settings import MembershipSettings
from kumiai_membership.store import QUERIES

_LOG = structlog.get_logger()
LOOK_SECONDS = 0.3
AT_ONCE = 4
"""Leaves that are looked at side by side: one that waits for an answer holds up few others."""
ANSWER_SECONDS = 2.0
"""How long a service is waited for at a look: one that hangs must not hold up everybody's leave."""
NO_ANSWER = (*UNREACHABLE, TimeoutError)


class Leaving:
    """Takes every leave under way as far as it goes by itself."""

    def __init__(
        self,
        ground: Ground,
        commands: Commands,
        reconciling: Reconciling,
        kafka: LeavingKafka,
        days: MembershipSettings,
    ) -> None:
        self._ground = ground
        self._database = ground.database
        self._commands = commands
        self._reconciling = reconciling
        self._kafka = kafka
        self._settings = days
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waits: dict[tuple[str, str], str] = {}
        self._forgotten: set[str] = set()

    async def run(self) -> NoReturn:
        """Look again and again, until cancelled."""
        while True:
            try:
                await asyncio.gather(*map(self._try, await self._going_on()))
                await self._forget_left()
            except TRANSIENT as error:
                _LOG.warning("leaves not known", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _going_on(self) -> list[str]:
        """Whose leave goes on by itself: who waits for people costs nothing meanwhile."""
        municipalities = self._ground.relay.municipalities
        async with self._database.transaction(municipalities) as connection:
            records = await QUERIES.in_states(connection, municipalities=municipalities, states=list(leaving.BY_ITSELF))
        return [record["municipality"] for record in records]

    async def _forget_left(self) -> None:
        """Metric series and topics of whoever has left go in every worker, whichever of them did the rest."""
        tenants = await self._database.tenants()
        async with self._database.transaction(tenants) as connection:
            left = {record["municipality"] for record in await QUERIES.left(connection, municipalities=tenants)}
        self._ground.telemetry.left(left)
        for municipality in left - self._forgotten:
            self._ground.relay.forget(municipality)
        self._forgotten = left

    async def _try(self, municipality: str) -> None:
        try:
            async with self._turns:
                await self._advance(municipality)
            self._waits.pop((municipality, ""), None)
        except (KafkaException, *UNREACHABLE, *TRANSIENT) as error:
            self._say_once(municipality, error)
        except Exception as error:
            # Ending the process would end everybody's work: what failed is tried again, and seen.
            _LOG.error("a leave failed", municipality=municipality, error=type(error).__name__, where=where(error))

    async def _advance(self, municipality: str) -> None:
        state = await self._commands.state(municipality)
        leave = leaving.under_way(state)
        match leave:
            case LeaveRow(state="requested"):
                await self._reconciling.one(municipality)
                await self._commands.run(municipality, leaving.begin_closing)
            case LeaveRow(state="closing"):
                await self._collect_ends(municipality, state, leave)
            case LeaveRow(state="exported", bundle_hash=str(bundle)):
                await self._seal(municipality, leave.leave, bundle)
            case LeaveRow(state="erasing"):
                await self._erase(municipality, state, leave)

    async def _collect_ends(self, municipality: str, state: RowSet, leave: LeaveRow) -> None:
        for service, seen in await self._answers(leaving.waiting_for(state, leave), municipality, leave):
            end = seen["closed"]
            if end is not None and end["leave"] == leave.leave:
                await self._commands.run(municipality, lambda s, t, e=end, n=service: _closed(s, t, n, e))  # type: ignore[misc]

    async def _seal(self, municipality: str, number: int, bundle: str) -> None:
        seal = self._ground.keys.signing.sign(seal_statement(municipality, number, bundle)).hex()
        await self._commands.run(municipality, lambda state, time: leaving.seal(state, bundle, seal, time))

    # Erasing: the services' databases, then Kafka, then what membership itself holds

    async def _erase(self, municipality: str, state: RowSet, leave: LeaveRow) -> None:
        await self._note_plan(municipality, leave)
        waiting = leaving.waiting_for(state, leave)
        databases = [service for service in leaving.databases(leave) if service in waiting]
        for service, found in await self._answers(databases, municipality, leave):
            buried = found["buried"]
            if buried and buried["leave"] == leave.leave and not any(found["there"].values()):
                await self._record(municipality, leave, service, found["planned"])
        if databases:
            return
        if KAFKA in waiting:
            await self._erase_from_kafka(municipality, leave)
        elif MEMBERSHIP in waiting:
            await self._erase_here(municipality, leave)
        else:
            await self._commands.run(
                municipality,
                lambda s, time: self._finished(municipality, s, time),
                published=not leave.altogether,
            )

    async def _erase_from_kafka(self, municipality: str, leave: LeaveRow) -> None:
        async with self._database.transaction([municipality]) as connection:
            if leave.altogether and await QUERIES.unpublished(connection, municipality=municipality):
                return  # the topic goes when everything in it was sent
            planned = await self._planned(connection, municipality, leave)
        await self._reconciling.one(municipality)
        held = await asyncio.to_thread(
            self._kafka.held, municipality, topics_of(municipality, leave), altogether=leave.altogether
        )
        if not any(held.counts().values()):
            await self._record(municipality, leave, KAFKA, {k: n for k, n in planned.items() if k in held.counts()})

    async def _erase_here(self, municipality: str, leave: LeaveRow) -> None:
        async with self._database.transaction([municipality]) as connection:
            await QUERIES.forget_all_assertions(connection, municipality=municipality)
            planned = await self._planned(connection, municipality, leave)
        await self._record(
            municipality, leave, MEMBERSHIP, {"used_assertion": planned.get("used_assertion", 0)}, published=False
        )

    async def _record(
        self, municipality: str, leave: LeaveRow, place: str, counts: dict[str, int], *, published: bool = True
    ) -> None:
        def rule(state: RowSet, time: str) -> Decision:
            row = ServiceErasedRow(leave=leave.leave, place=place, erased=certificates.counted(counts), erased_at=time)
            return leaving.erase_place(state, row)

        published = published and not (place == KAFKA and leave.altogether)
        await self._commands.run(municipality, rule, published=published)

    def _finished(self, municipality: str, state: RowSet, time: str) -> Decision:
        """Everything is empty: the leave ends, and its certificate is issued in the same transaction."""
        finished = leaving.finish(state, time)
        if not isinstance(finished, Accepted):
            return finished
        for event in finished.events:
            state.apply(event)
        leave = leaving.under_way(state)
        assert leave is not None
        until = timestamp(instant() + timedelta(days=self._settings.backup_days))
        draft = certificates.certificate(leave, until, time)
        erased = certificates.of_leave(state.all(ServiceErasedRow), leave)
        signature = self._ground.keys.signing.sign(certificate_statement(municipality, draft, erased)).hex()
        certified = leaving.certify(state, draft.model_copy(update={"signature": signature}), time)
        return Accepted((*finished.events, *certified.events)) if isinstance(certified, Accepted) else certified

    async def successor(self, municipality: str) -> str | None:
        """Who takes the municipality over (市町村合併), if anybody does: then its leave is not cancelled."""
        return await store.successor(self._ground.database, municipality)

    async def give_back(self, municipality: str) -> None:
        """After a cancelled leave: the rights, at once if Kafka answers, otherwise when rights are next made right."""
        try:
            await self._reconciling.one(municipality)
        except (KafkaException, TimeoutError) as error:
            _LOG.warning("rights wait for Kafka", municipality=municipality, error=type(error).__name__)

    # What there is

    async def _seen(self, service: str, municipality: str, leave: LeaveRow) -> Any:
        """What a service says of itself, soon or not at all. Raises one of NO_ANSWER."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._ground.peers.leaving(service, municipality, altogether=leave.altogether, count=False)

    async def _answers(self, services: Sequence[str], municipality: str, leave: LeaveRow) -> list[tuple[str, Any]]:
        """What those say that answer: one that is down holds up nobody else's part."""
        found = []
        for service in services:
            try:
                found.append((service, await self._seen(service, municipality, leave)))
                self._waits.pop((municipality, service), None)
            except NO_ANSWER as error:
                self._say_once(municipality, error, service=service)
        return found

    def _say_once(self, municipality: str, error: Exception, service: str = "") -> None:
        name = type(error).__name__
        if self._waits.get((municipality, service)) != name:  # not at every look
            _LOG.warning("a leave waits", municipality=municipality, service=service or MEMBERSHIP, error=name)
        self._waits[municipality, service] = name

    async def progress(self, municipality: str, state: RowSet, leave: LeaveRow) -> dict[str, str]:
        """What each one that is waited for says of itself."""
        found = dict.fromkeys(leaving.waiting_for(state, leave), "")
        for service in found.keys() & set(leaving.SERVICES):
            try:
                seen = await self._seen(service, municipality, leave)
            except NO_ANSWER:
                found[service] = "no answer"
                continue
            rows = sum(seen["planned"].values())
            found[service] = f"{rows} rows" if leave.state == "erasing" and rows else seen["waits_for"] or ""
        return found

    async def behind(self, municipality: str, leave: LeaveRow) -> list[ReaderBehind]:
        """External readers that have not come to the end of what is left."""
        return await asyncio.to_thread(self._kafka.behind, municipality, topics_of(municipality, leave))

    async def plan(self, municipality: str, leave: LeaveRow) -> dict[str, Any]:
        """What will be erased, place by place, what remains, and who is behind. Raises KafkaException, UNREACHABLE."""
        found: dict[str, dict[str, int]] = {}
        for service in leaving.databases(leave):
            seen = await self._ground.peers.leaving(service, municipality, altogether=leave.altogether, count=True)
            there = seen["there"]
            found[service] = {table: count for table, count in there.items() if count}
        counts = await self._counts(municipality, leave)
        found[KAFKA] = {kind: counts[kind] for kind in counts if kind != "used_assertion"}
        if leave.altogether:
            found[MEMBERSHIP] = {"used_assertion": counts["used_assertion"]}
        return {
            "municipality": municipality,
            "services": leave.services,
            "altogether": leave.altogether,
            "erases": found,
            "remains": [item.model_dump(mode="json") for item in certificates.remaining(leave)],
            "readers_behind": [reader.model_dump() for reader in await self.behind(municipality, leave)],
        }

    async def _counts(self, municipality: str, leave: LeaveRow) -> dict[str, int]:
        held = await asyncio.to_thread(
            self._kafka.held, municipality, topics_of(municipality, leave), altogether=leave.altogether
        )
        async with self._database.transaction([municipality]) as connection:
            assertions = await QUERIES.count_assertions(connection, municipality=municipality)
        return {**held.counts(), "used_assertion": int(assertions) if leave.altogether else 0}

    async def _note_plan(self, municipality: str, leave: LeaveRow) -> None:
        """Count once, before anything goes: afterwards nobody could."""
        async with self._database.transaction([municipality]) as connection:
            if await self._planned(connection, municipality, leave):
                return
        counts = await self._counts(municipality, leave)
        async with self._database.transaction([municipality]) as connection:
            await GROUND.note_erasure_counts(
                connection,
                municipality=municipality,
                leave=leave.leave,
                whats=list(counts),
                counts=list(counts.values()),
            )

    async def _planned(self, connection: Any, municipality: str, leave: LeaveRow) -> dict[str, int]:
        found = await GROUND.erasure_counts(connection, municipality=municipality, leave=leave.leave)
        return {record["what"]: record["count"] for record in found}


def topics_of(municipality: str, leave: LeaveRow) -> frozenset[str]:
    """The topics that go with a leave."""
    every = rights.topics(municipality)
    if leave.altogether:
        return frozenset(every)
    return frozenset(every.keys() - rights.topics(municipality, frozenset(leave.services)).keys())


def _closed(state: RowSet, time: str, service: str, end: dict[str, Any]) -> Decision:
    row = ServiceClosedRow(
        leave=end["leave"],
        service=service,  # type: ignore[arg-type]  # one of those that were asked
        stream=STREAM_OF[service],
        incarnation=end["incarnation"],
        position=end["position"],
        hash=end["hash"],
        receipts_incarnation=end["receipts_incarnation"],
        receipts_position=end["receipts_position"],
        receipts_hash=end["receipts_hash"],
        parked=end["parked"],
        closed_at=time,
    )
    return leaving.close_service(state, row, time)
