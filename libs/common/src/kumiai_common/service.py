"""Start-up of a service: one process, one event loop, everything supervised.

FastStream carries the application: signals, lifespan, orderly stop. The lanes and the relay use aiokafka themselves,
because positions live in the database and partitions are paused and sought one by one.
"""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
import uvloop
from aiokafka.errors import KafkaError
from faststream import FastStream
from faststream.kafka import KafkaBroker
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.topics import READS
from starlette.routing import BaseRoute

from kumiai_common import access_retention, checkpoints, incarnation, logging
from kumiai_common.bundle.part import Kept
from kumiai_common.closing import Closing, Unfinished
from kumiai_common.courier import Courier
from kumiai_common.database import TRANSIENT, Database
from kumiai_common.follower import Follower
from kumiai_common.gate import Gate
from kumiai_common.http.server import serve
from kumiai_common.http.token_client import TokenClient
from kumiai_common.intake import understand
from kumiai_common.kafka import broker as make_broker
from kumiai_common.keys import ServiceKeys
from kumiai_common.peers import Peers
from kumiai_common.poll import Effect, Poll, Processor
from kumiai_common.protocol import Correspondent, Service
from kumiai_common.relay import Relay
from kumiai_common.runner import Runner
from kumiai_common.settings import Settings
from kumiai_common.telemetry import Telemetry
from kumiai_common.worker import Worker

_LOG = structlog.get_logger()
GATE_PATIENCE_SECONDS = 5.0
"""How long notices by HTTP wait while the intake is held before the sender is told to come again."""
WATCHDOG_SECONDS = 60.0
"""A worker whose loop has not turned for so long is ended, so that its supervisor starts another."""


@dataclass(frozen=True)
class Ground:
    """What a running service process consists of; routes and service tasks get it."""

    name: str
    settings: Settings
    keys: ServiceKeys
    database: Database
    broker: KafkaBroker
    telemetry: Telemetry
    relay: Relay
    processor: Processor
    runner: Runner
    gate: Gate
    worker: Worker
    follower: Follower
    peers: Peers
    kept: Kept
    closing: Closing

    async def intake(
        self, municipality: str, notices: Sequence[tuple[NoticeEnvelope, bytes]], *, own: bool = False
    ) -> list[ReceiptIssued]:
        """Notices that came by HTTP, from a file or from the service's own courier: the same intake, the same receipts.

        Raises waiting.IntakeHeld where the replicas that they would be decided on have yet to become complete.
        """
        effects = await self.runner.commit(await self._poll(municipality, notices, own=own))
        receipts = [receipt for effect in effects for receipt in effect.receipts]
        return [receipt for receipt in receipts if receipt is not None]

    async def trial(self, municipality: str, notices: Sequence[tuple[NoticeEnvelope, bytes]]) -> list[ReceiptIssued]:
        """The receipts that these notices would get now, if they came in this order; nothing is recorded.

        Raises what `intake` raises.
        """
        effect = await self.runner.trial(await self._poll(municipality, notices, own=False))
        return [receipt for receipt in effect.receipts if receipt is not None]

    async def _poll(self, municipality: str, notices: Sequence[tuple[NoticeEnvelope, bytes]], *, own: bool) -> Poll:
        await self.gate.wait(municipality, GATE_PATIENCE_SECONDS)
        received = [
            await self.worker.after_its_cause(
                understand(self.name, municipality, envelope, body, f"http/{envelope.source}/{envelope.id}", own=own)
            )
            for envelope, body in notices
        ]
        return Poll(notices=received)

    async def not_ready(self) -> list[str]:
        """Why this process can't do its work now; empty if it can."""
        reasons = []
        if READS[self.name] and not self.worker.healthy:
            reasons.append("kafka: not consuming")
        if not self.relay.healthy:
            reasons.append("kafka: not publishing")
        elif not await self.broker.ping(timeout=1):
            reasons.append("kafka: no answer")
        try:
            async with asyncio.timeout(2), self.database.connection() as connection:
                await connection.execute("select 1")
        except TRANSIENT as error:
            reasons.append(f"database: {type(error).__name__}")
        return reasons


Routes = Callable[[Ground], Sequence[BaseRoute]]
Task = Callable[[Ground], Awaitable[None]]


def run(
    service: Service,
    *,
    routes: Routes | None = None,
    tasks: Sequence[Task] = (),
    kept: Kept | None = None,
    unfinished: Unfinished | None = None,
) -> None:
    """Run a service until it is told to stop. Exits with a line on standard error if it can't start.

    `kept` says what it keeps of a municipality beside its streams, for the bundle; `unfinished` whether work is under
    way that must come to its end before a stream closes.
    """
    settings = Settings()  # pyright: ignore[reportCallIssue]
    logging.configure(service.name, settings.log_level)
    # Long-lived objects of the imports need not be looked at again. What the lanes' polls hold at a time ends without
    # the collector's help: below that number of objects it would only look at them, again and again.
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with _running(service, settings, broker, routes, tasks, kept, unfinished, stop=program.exit):
            yield

    broker = make_broker(settings)
    program = FastStream(broker, logger=None, lifespan=lifespan)
    uvloop.run(program.run())


@asynccontextmanager
async def _running(
    service: Service,
    settings: Settings,
    broker: KafkaBroker,
    routes: Routes | None,
    tasks: Sequence[Task],
    kept: Kept | None,
    unfinished: Unfinished | None,
    *,
    stop: Callable[[], None],
) -> AsyncIterator[Ground]:
    database = await Database.open(settings)
    try:
        ground = assemble(service, settings, database, broker, kept, unfinished)
        courier = _courier(service, ground) if isinstance(service, Correspondent) else None
        if courier is not None:
            ground.closing.waits_for(courier.under_way)
        # The log must be known to hold everything it published before anything is appended to it.
        server = asyncio.create_task(serve(ground, routes(ground) if routes else ()))
        await _until_kafka_answers(database, settings)
        running = [
            server,
            asyncio.create_task(ground.relay.run()),
            *([asyncio.create_task(courier.run())] if courier is not None else []),
            asyncio.create_task(checkpoints.run(database, ground.keys, ground.relay, settings.checkpoint_seconds)),
            asyncio.create_task(
                access_retention.run(
                    database, ground.relay, settings.access_record_years, settings.retention_look_seconds
                )
            ),
            *[asyncio.create_task(_started(task, ground)) for task in tasks],
        ]
        if READS[service.name]:
            running += [
                asyncio.create_task(ground.worker.run()),
                asyncio.create_task(ground.follower.run()),
                asyncio.create_task(ground.closing.run()),
                asyncio.create_task(_watch(ground.worker)),
            ]

        def ended(task: asyncio.Task[None]) -> None:
            _ended(task, stop)

        for task in running:
            task.add_done_callback(ended)
        _LOG.info("started", port=settings.http_port)
        try:
            yield ground
        finally:
            for task in running:
                task.remove_done_callback(ended)
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await ground.follower.stop()
            await ground.relay.release()
            await ground.peers.close()
    finally:
        await database.close()


def assemble(
    service: Service,
    settings: Settings,
    database: Database,
    broker: KafkaBroker,
    kept: Kept | None = None,
    unfinished: Unfinished | None = None,
) -> Ground:
    """Put a service's parts together; nothing connects here."""
    keys = ServiceKeys.load(settings.key_file)
    telemetry = Telemetry(service.name)
    holder = f"{socket.gethostname()}/{os.getpid()}/{settings.http_port}"

    def leases_changed() -> None:
        worker.leases_changed()

    relay = Relay(database, settings, telemetry, holder, leases_changed)
    telemetry.show_only(relay.holds)
    processor = Processor(service, keys, settings.kept_notice_days)

    def committed(effect: Effect) -> None:
        relay.appended(effect.appended)
        worker.committed(effect)

    tokens = TokenClient(settings.peers["membership"], f"service/{service.name}", keys.signing)
    runner = Runner(database, processor, telemetry, committed)
    peers = Peers(settings.peers, tokens.token)
    follower = Follower(service.name, database, peers, runner, telemetry, relay.holds, settings.head_poll_seconds)
    gate = Gate(service.name, database, peers)
    worker = Worker(service.name, settings, database, runner, follower, gate, relay.holds)
    return Ground(
        service.name,
        settings,
        keys,
        database,
        broker,
        telemetry,
        relay,
        processor,
        runner,
        gate,
        worker,
        follower,
        peers,
        kept or Kept(),
        Closing(service.name, database, relay, worker, peers, telemetry, unfinished),
    )


def _courier(service: Correspondent, ground: Ground) -> Courier:
    async def intake(municipality: str, notices: Sequence[tuple[NoticeEnvelope, bytes]]) -> list[ReceiptIssued]:
        return await ground.intake(municipality, notices, own=True)

    return Courier(service, ground.database, ground.processor, intake, lambda: ground.relay.municipalities)


async def _until_kafka_answers(database: Database, settings: Settings) -> None:
    while True:
        try:
            await incarnation.begin_where_events_are_missing(database, settings)
            return
        except (KafkaError, *TRANSIENT) as error:
            _LOG.warning("waiting for Kafka", error=type(error).__name__)
            await asyncio.sleep(1)


async def _started(task: Task, ground: Ground) -> None:
    await task(ground)


async def _watch(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(WATCHDOG_SECONDS / 4)
        if worker.healthy and loop.time() - worker.progress_at > WATCHDOG_SECONDS:
            raise RuntimeError("the worker's loop makes no progress")


def _ended(task: asyncio.Task[None], stop: Callable[[], None]) -> None:
    """No part of a service ends by itself: if one does, the process ends, and its supervisor starts another."""
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    name = type(error).__name__ if error else "no error"
    _LOG.error("a part of the service ended", error=name, where=logging.where(error) if error else [])
    stop()
