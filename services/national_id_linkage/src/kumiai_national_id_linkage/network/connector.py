"""The connection to the network: sends what the log says is to be sent, takes in what the network has.

Invariant: a message is sent after its event is committed, at least once, in the order of the log; a delivery is
acknowledged after it is committed. A crash in between only repeats, and both sides know repeats by their names.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic

import structlog
from kumiai_common.clock import now
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.intake import Received, understand
from kumiai_common.log import StreamEnded
from kumiai_common.poll import Poll
from kumiai_common.service import Ground
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.exchange_notices import NetworkNotice
from kumiai_contracts.institutions import institution_of, municipality_of
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.registry import parse_event
from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.network import outbox
from kumiai_national_id_linkage.network.messages import Delivery, Message, Network, NetworkAway
from kumiai_national_id_linkage.network.resending import Resending
from kumiai_national_id_linkage.proof import NetworkProof
from kumiai_national_id_linkage.settings import LinkageSettings
from kumiai_national_id_linkage.store_exchange import QUERIES
from kumiai_national_id_linkage.summarising import end_of_last_day, summarise

_LOG = structlog.get_logger()
SOURCE = "urn:kumiai:network"
"""`ce_source` of whatever the network delivers."""
AT_ONCE = 500
"""Messages in one request, deliveries in one page, events of a member in one look."""
Once = Callable[[], Awaitable[bool]]
"""One round of work; whether there may be more at once."""
IDLE_SECONDS = 0.25
"""How often it is looked for what to send, if nothing tells of it before."""
AWAY_SECONDS = 1.0
"""How long a network, or a database, that does not answer is left alone."""
GATHER_SECONDS = 0.05
"""How long deliveries may gather after a small page: a transaction costs about the same for one as for twenty."""
SMALL = AT_ONCE // 10
COMPARE_SECONDS = 60.0
"""How often differences are counted, and days that are over are looked for."""


class Connector:
    """Works for the municipalities that this process is in charge of."""

    def __init__(
        self, ground: Ground, network: Network, codes: CodeBook, proof: NetworkProof, settings: LinkageSettings
    ) -> None:
        self._ground, self._network, self._codes, self._proof, self._settings = ground, network, codes, proof, settings
        self._resending = Resending(ground, codes, settings, self._send)
        self._committed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._gathered_at = 0.0
        self._differences: dict[str, int] = {}
        self._away_since: float | None = None
        meter = metrics.get_meter("kumiai")
        meter.create_observable_gauge("kumiai_record_differences", [self._observed])
        meter.create_observable_gauge("kumiai_network_away_seconds", [self._observed_away])

    async def run(self) -> None:
        """Connect until cancelled. A network that is away is waited for."""
        try:
            await asyncio.gather(
                self._forever(self.send_once, IDLE_SECONDS),
                # Two: while one page is decided about, the next one gathers.
                self._forever(self.fetch_once, self._settings.network_poll_seconds),
                self._forever(self.fetch_once, self._settings.network_poll_seconds),
                self._forever(self._resending.once, self._settings.network_resend_seconds),
                self._forever(self.compare_once, COMPARE_SECONDS),
            )
        finally:
            await self._network.close()

    async def send_once(self) -> bool:
        """Send the next page of everybody who is behind, in one request; whether there was any."""
        self._committed.clear()
        held = self._ground.relay.municipalities
        async with self._ground.database.transaction(held) as connection:
            behind = await QUERIES.network_behind(connection, municipalities=held, stream=STREAM)
            members = [record["municipality"] for record in behind]
            untils = [min(record["head"], record["sent"] + AT_ONCE) for record in behind]
            messages = await self._messages(connection, members, [record["sent"] for record in behind], untils)
        if not behind:
            return False
        await self._send(messages)
        async with self._ground.database.transaction(members) as connection:
            await QUERIES.save_network_positions(connection, municipalities=members, positions=untils)
        return True

    async def fetch_once(self) -> bool:
        """Take in one page of deliveries; whether there was any."""
        asking = await self._open_members()
        if not asking:
            return False
        deliveries = await self._fetched([institution_of(m) for m in asking])
        if not deliveries:
            return False
        received = [(each, _received(each)) for each in deliveries]
        with self._proof.vouched(notice.notice for _, notice in received if notice.notice):
            await self._ground.runner.commit(Poll(notices=[notice for _, notice in received]))
        self._committed.set()
        repeated = [notice for each, notice in received if each.repeated]
        if repeated:
            await self._answer_again(repeated)
        await self._network.acknowledge(deliveries)
        return True

    async def _fetched(self, institutions: list[str]) -> list[Delivery]:
        """The next page; after a small one it is some time until the network is asked again."""
        async with self._turn:
            clock = asyncio.get_running_loop().time
            await asyncio.sleep(self._gathered_at - clock())
            deliveries = await self._network.fetch(institutions, AT_ONCE)
            self._away_since = None
            if 0 < len(deliveries) < SMALL:
                self._gathered_at = clock() + GATHER_SECONDS
            return deliveries

    async def compare_once(self) -> bool:
        """Tell providers what is on record of the days that are over, and count what differs."""
        for municipality in await self._open_members():
            async with self._ground.database.transaction([municipality]) as connection:
                await summarise(connection, municipality, end_of_last_day())
        held = self._ground.relay.municipalities
        async with self._ground.database.transaction(held) as connection:
            found = await QUERIES.open_differences(connection, municipalities=held)
        self._differences.clear()
        self._differences.update({record["municipality"]: record["count"] for record in found})
        return False

    async def _open_members(self) -> list[str]:
        """Who subscribes, has complete replicas and is not leaving: what comes for others waits at the network."""
        held = self._ground.relay.municipalities
        async with self._ground.database.transaction(held) as connection:
            found = await QUERIES.open_members(connection, municipalities=held, service=self._ground.name)
        return [record["municipality"] for record in found]

    async def _messages(
        self, connection: Connection, members: list[str], afters: list[int], untils: list[int]
    ) -> list[Message]:
        """What follows for the network from these stretches of the members' logs."""
        if not members:
            return []
        records = await QUERIES.events_to_send(
            connection,
            municipalities=members,
            afters=afters,
            untils=untils,
            stream=STREAM,
            types=[kind.type for kind in outbox.SENDING],
        )
        events = [(record["municipality"], parse_event(record["type"], record["body"])) for record in records]
        return await outbox.messages_of(connection, events, self._codes, now())

    async def _send(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), AT_ONCE):
            await self._network.send(list(messages[start : start + AT_ONCE]))

    async def _answer_again(self, repeated: Sequence[Received]) -> None:
        """Whoever asks again didn't get the answer: the same answer is sent again, and nothing is decided anew."""
        by_municipality: dict[str, list[NetworkNotice]] = defaultdict(list)
        for received in repeated:
            if isinstance(received.notice, NetworkNotice):
                by_municipality[received.municipality].append(received.notice)
        for municipality, notices in by_municipality.items():
            async with self._ground.database.transaction([municipality]) as connection:
                messages = await outbox.answers_again(connection, municipality, notices, now())
            await self._send(messages)

    def _observed(self, _: CallbackOptions) -> Iterable[Observation]:
        """記録の相違 by municipality: anything but none wakes somebody."""
        return [Observation(count, {"municipality": m}) for m, count in list(self._differences.items())]

    def _observed_away(self, _: CallbackOptions) -> Iterable[Observation]:
        """For how long the network has taken, and given, nothing."""
        since = self._away_since
        return [Observation(0.0 if since is None else monotonic() - since)]

    async def _forever(self, once: Once, idle_seconds: float) -> None:
        while True:
            try:
                again = await once()
            except NetworkAway as error:
                self._away_since = self._away_since or monotonic()
                _LOG.warning("the network is away", error=str(error))
                await asyncio.sleep(AWAY_SECONDS)
                continue
            except (StreamEnded, *TRANSIENT) as error:
                _LOG.warning("the network waits for the database", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if not again:
                await self._pause(once, idle_seconds)

    async def _pause(self, once: Once, idle_seconds: float) -> None:
        if once != self.send_once:
            await asyncio.sleep(idle_seconds)
            return
        try:
            await asyncio.wait_for(self._committed.wait(), idle_seconds)
        except TimeoutError:
            return


def _received(delivery: Delivery) -> Received:
    """A delivery as the intake takes it: under the network's own name for it, for whom the receiver belongs to."""
    municipality = municipality_of(delivery.receiver) or ""
    envelope = NoticeEnvelope(delivery.id, SOURCE, delivery.type, municipality)
    kept_as = f"network/{delivery.id}"
    return understand("national-id-linkage", municipality, envelope, delivery.body.encode(), kept_as, own=True)
