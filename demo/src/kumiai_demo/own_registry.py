"""A municipality of the demo takes its resident registry home and keeps shared taxation (自団体システム).

Its own system reads what the shared registry recorded, takes over, says that both hold the same, and hands in what
happens from then on. One event is lost on the way on purpose, so that the gap is seen, and mended.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.resident_feed import FeedEventNotice, FeedNotice
from rich.table import Table

from kumiai_demo.access_token import Token
from kumiai_demo.connection import Broker
from kumiai_demo.ledger import Ledger
from kumiai_demo.message import good
from kumiai_demo.operator_view import OperatorView
from kumiai_demo.own_record import OwnRecord
from kumiai_demo.post import Post
from kumiai_demo.receipt_feed import Receipt, ReceiptFeed

REGISTRY, TAXATION = "resident-registry", "taxation"
EVENTS = 24
"""What happens after the municipality has taken over: three moves in for each death."""
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class TakenHome:
    """What was seen."""

    people: int
    """Of how many the own system said, before its first event, that they live here."""
    same_at_first: bool
    """Whether the registry held the same."""
    handed_in: int
    gap: str
    """What the registry said to operators while an event was missing."""
    mended: bool
    """Whether nothing was missing, and nobody different, in the end."""
    same_state: bool
    """Whether taxation's replica has the state hash of the registry's own tables, at the head."""

    @property
    def well(self) -> bool:
        """Whether all was as it should be."""
        return self.same_at_first and bool(self.gap) and self.mended and self.same_state


class OwnRegistry:
    """One municipality's own system, and the operator who moves it."""

    def __init__(self, code: str, broker: Broker, peers: Mapping[str, str], operator: OperatorView, out: Path) -> None:
        self._code = code
        self._broker = broker
        self._peers = peers
        self._operator = operator
        self._ledger = Ledger(out)
        self._post = Post(code, broker, self._ledger)
        self._receipts = ReceiptFeed(code, (REGISTRY,))
        self._client = httpx.AsyncClient(timeout=30.0)
        credentials = broker.credentials
        subject = f"{code}/{credentials.party}"
        self._token = Token(subject, credentials.private_key, peers["membership"], self._client)
        self._rng = Random(f"{code} own")

    async def run(self) -> TakenHome:
        """Take over, lose an event, mend it. Raises TimeoutError where the federation does not answer."""
        await self._post.start()
        await self._receipts.start(self._broker)
        reading = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._run()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await self._post.stop()
            await self._receipts.stop()
            await self._client.aclose()
            self._ledger.close()

    async def _run(self) -> TakenHome:
        await self._operator.own_system(self._code, REGISTRY)
        record = OwnRecord(self._code, self._rng, await self._last_number())
        for line in await self._log():
            record.take_over(line["type"], line["body"])
        people, first = len(record.living()), await self._tell(record.snapshots(), "before")
        events = [record.dies() if n % 4 == 3 else record.moves_in() for n in range(EVENTS)]
        lost = EVENTS // 2
        await self._tell([*events[:lost], *events[lost + 1 :]], "first")
        gap = (await self._operator.head(self._code, REGISTRY, "resident")).get("diverged", "")
        await self._tell(events[lost:], "again")
        last = await self._tell(record.snapshots(), "after")
        standing = await self._feed()
        mended = _accepted(last) and not standing["missing"] and not standing["differing"]
        return TakenHome(people, _accepted(first), len(events), gap, mended, await self._same_state())

    async def _tell(self, notices: Sequence[FeedNotice], attempt: str) -> list[Receipt]:
        """Hand notices in, in order and under ids of this attempt; their receipts."""
        waiting = []
        for n, notice in enumerate(notices):
            number = notice.sequence if isinstance(notice, FeedEventNotice) else f"snapshot-{n}"
            envelope = NoticeEnvelope(f"feed-{number}-{attempt}", f"urn:demo:{self._code}:own", notice.type, self._code)
            waiting.append(await self._post.send(good(envelope, notice)))
        return await asyncio.gather(*waiting)

    async def _read(self) -> None:
        while True:
            for receipt in await self._receipts.poll():
                self._post.arrived(receipt)

    async def _feed(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await self._get("feed"))
        return found

    async def _last_number(self) -> int:
        """The last number that was used up, once the registry has heard that it hosts this municipality."""
        while True:
            standing = await self._feed()
            if standing["own"]:
                return int(standing["next"]) - 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def _log(self) -> list[dict[str, Any]]:
        """Every event of `resident`, from the registry's log."""
        lines: list[dict[str, Any]] = []
        while page := (await self._get(f"streams/resident?after={len(lines)}&limit=10000")).splitlines():
            lines += map(json.loads, page)
        return lines

    async def _get(self, path: str) -> str:
        address = f"{self._peers[REGISTRY]}/v1/{self._code}/{path}"
        return (await self._client.get(address, headers=await self._token.headers())).raise_for_status().text

    async def _same_state(self) -> bool:
        """Taxation's replica against the registry's own tables, once taxation is at the head."""
        while True:
            own, replica = [
                await self._operator.state(self._code, service, "resident") for service in (REGISTRY, TAXATION)
            ]
            if replica["position"] >= own["position"]:
                return bool(own["state_hash"] == replica["state_hash"])
            await asyncio.sleep(LOOK_EVERY_S)


def own_registry_table(label: str, seen: TakenHome) -> Table:
    """What was seen, for people."""
    table = Table("", "", title=f"{label} keeps its own registry, with shared taxation", show_header=False)
    for name, value in asdict(seen).items():
        table.add_row(name, str(value))
    return table


def _accepted(receipts: Sequence[Receipt]) -> bool:
    return all(receipt.accepted for receipt in receipts)
