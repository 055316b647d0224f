"""The gate of the intake (受付): when a municipality's notices may be answered.

Invariant: nothing is decided on replicas that were never complete since the subscription began, and nobody is refused
as not subscribed by a service that has yet to hear of the subscription. What has to wait keeps its order.
"""

import asyncio
from collections.abc import Sequence

from kumiai_common.database import Connection, Database
from kumiai_common.peers import UNREACHABLE, Peers
from kumiai_common.poll import MEMBERSHIP
from kumiai_common.queries import QUERIES
from kumiai_common.waiting import IntakeHeld

LOOK_SECONDS = 0.1
TRUST_SECONDS = 10.0
"""How long an open gate isn't looked at again; what this process itself hears of membership counts at once."""


class Gate:
    """Knows whose notices a service may answer. Opened by the follower, which sees when replicas are complete."""

    def __init__(self, service: str, database: Database, peers: Peers) -> None:
        self._service = service
        self._database = database
        self._peers = peers
        self._open_until: dict[str, float] = {}

    def forget(self) -> None:
        """Membership has changed: look again at everybody's next notice."""
        self._open_until.clear()

    async def is_open(self, municipality: str) -> bool:
        """Whether notices that have come by now may be answered, if only as not subscribed.

        Raises one of database.TRANSIENT.
        """
        time = asyncio.get_running_loop().time()
        if self._open_until.get(municipality, 0.0) > time:
            return True
        subscribed, opened, _ = await self._standing(municipality)
        if not subscribed:
            return await self._is_stranger(municipality)
        if opened:
            self._open_until[municipality] = time + TRUST_SECONDS
        return opened

    async def wait(self, municipality: str, seconds: float) -> None:
        """Wait until notices that have come by now may be answered. Raises IntakeHeld if that takes longer."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if await self.is_open(municipality):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise IntakeHeld(municipality)
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_stranger(self, municipality: str) -> bool:
        """Whether it does not subscribe even after all that membership had recorded when the notice had come."""
        try:
            recorded = await self._peers.position(municipality, MEMBERSHIP)
        except UNREACHABLE:
            return False
        subscribed, opened, heard = await self._standing(municipality)
        return opened if subscribed else heard >= recorded

    async def _standing(self, municipality: str) -> tuple[bool, bool, int]:
        async with self._database.transaction([municipality]) as connection:
            found = await QUERIES.intake(connection, municipality=municipality, service=self._service)
        return found["subscribed"], found["opened"], found["heard"]


async def held(connection: Connection, service: str, municipalities: Sequence[str]) -> dict[str, str]:
    """Subscribers whose intake has not been opened, with the time since when they subscribe."""
    records = await QUERIES.held_intakes(connection, service=service, municipalities=list(municipalities))
    return {record["municipality"]: record["subscribed_at"] for record in records}


async def open_for(connection: Connection, subscribed_at: dict[str, str]) -> None:
    """Open the intake for subscriptions that began at these times; another subscription has to be opened anew."""
    await QUERIES.open_intakes(
        connection, municipalities=list(subscribed_at), subscribed_at=list(subscribed_at.values())
    )
