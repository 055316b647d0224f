"""Sending as the contract for senders has it: write it down, send it, and send it again until the receipt is there."""

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from kumiai_contracts.topics import notices_topic

from kumiai_demo.connection import Broker
from kumiai_demo.ledger import Ledger
from kumiai_demo.message import Message
from kumiai_demo.receipt_feed import Receipt

LOG = logging.getLogger(__name__)
RESENDS_AT_ONCE = 200

Identity = tuple[str, str, str, str]


@dataclass(slots=True)
class _Waiting:
    message: Message
    first_sent: float
    last_sent: float
    receipt: "asyncio.Future[Receipt]"
    repetitions: int = 0


@dataclass(slots=True)
class Tally:
    """What has been sent and answered so far."""

    sent: int = 0
    """Messages, repetitions not counted."""
    repeated: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """From sending a notice to its receipt."""
    first_receipt_at: float | None = None
    """Unix time, seconds."""


class Post:
    """One municipality's way out, and its memory of what has not been answered."""

    def __init__(self, municipality: str, broker: Broker, ledger: Ledger) -> None:
        self._municipality = municipality
        self._broker = broker
        self._ledger = ledger
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._waiting: dict[Identity, _Waiting] = {}
        self._answered: set[Identity] = set()
        self._nothing_waits = asyncio.Event()
        self.tally = Tally()

    @property
    def unanswered(self) -> int:
        """How many messages wait for their receipt."""
        return len(self._waiting)

    async def all_answered(self, patience_s: float) -> bool:
        """Wait until nothing waits any more; False if that takes too long."""
        try:
            async with asyncio.timeout(patience_s):
                await self._nothing_waits.wait()
        except TimeoutError:
            return False
        return True

    async def start(self) -> None:
        """Connect."""
        self._producer = await self._broker.producer()

    async def stop(self) -> None:
        """Send what is buffered and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, message: Message) -> "asyncio.Future[Receipt]":
        """Send a message and return once Kafka has it; the receipt comes later."""
        now = time.time()
        identity = (message.service, message.source, message.id, message.digest)
        if identity in self._answered or identity in self._waiting:
            self.tally.repeated += 1
        else:
            self.tally.sent += 1
        waiting = self._waiting.get(identity)
        if waiting is None:
            waiting = _Waiting(message, now, now, asyncio.get_running_loop().create_future())
            if message.answerable:
                self._waiting[identity] = waiting
                self._nothing_waits.clear()
        await self._deliver(message)
        return waiting.receipt

    def arrived(self, receipt: Receipt) -> None:
        """Take note of a receipt."""
        now = time.time()
        self._ledger.receipt(receipt.service, receipt.position, now, receipt.stored)
        waiting = self._waiting.pop(receipt.identity, None)
        if not self._waiting:
            self._nothing_waits.set()
        if waiting is None:
            return
        if not waiting.receipt.done():
            waiting.receipt.set_result(receipt)
        if receipt.identity not in self._answered:
            self._answered.add(receipt.identity)
            self.tally.outcomes[receipt.body["outcome"]] += 1
            self.tally.seconds.append(now - waiting.first_sent)
            self.tally.first_receipt_at = self.tally.first_receipt_at or now

    async def resend(self, older_than_s: float) -> None:
        """Send again, oldest first, what has waited so long; each time twice as long, for the service may be busy."""
        now = time.time()
        late = [w for w in self._waiting.values() if w.last_sent + older_than_s * 2**w.repetitions < now]
        for waiting in sorted(late, key=lambda w: w.last_sent)[:RESENDS_AT_ONCE]:
            waiting.last_sent = now
            waiting.repetitions += 1
            self.tally.repeated += 1
            await self._deliver(waiting.message)

    async def _deliver(self, message: Message) -> None:
        self._ledger.sent(message, time.time())
        while True:
            producer = self._producer
            assert producer is not None
            try:
                await producer.send_and_wait(
                    notices_topic(self._municipality, message.service),
                    message.body,
                    headers=list(message.headers),
                )
            except MessageSizeTooLargeError:
                # Sending it again would not help; without a receipt it will be missed in the end.
                LOG.error("the broker does not take message %s (%d bytes)", message.id, len(message.body))
            except KafkaError as error:
                LOG.warning("sending %s failed (%s); once more", message.id, type(error).__name__)
                await self._renew(producer)
                continue
            return

    async def _renew(self, broken: AIOKafkaProducer) -> None:
        """Replace a producer: an idempotent one stays broken after some errors."""
        async with self._renewing:
            while self._producer is broken:
                await asyncio.sleep(1)
                try:
                    fresh = await self._broker.producer()
                except (KafkaError, OSError) as error:
                    LOG.warning("the broker can't be reached (%s)", type(error).__name__)
                    continue
                self._producer = fresh
        await broken.stop()
