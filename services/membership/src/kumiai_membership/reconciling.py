"""Making Kafka match what is recorded: derived anew each time, so that a crash in between leaves nothing behind."""

import asyncio
import contextlib

from kumiai_common.database import Database

from kumiai_membership import store
from kumiai_membership.domain import rights
from kumiai_membership.leaving_kafka import LeavingKafka
from kumiai_membership.provisioning import Provisioning, new_password

MUNICIPALITIES_AT_ONCE = 50


class Reconciling:
    """Topics and rights of one municipality, or of all."""

    def __init__(self, database: Database, provisioning: Provisioning) -> None:
        self._database = database
        self._leaving = LeavingKafka(provisioning)
        self._provisioning = provisioning
        self._lock = asyncio.Lock()
        self._unfinished = asyncio.Event()

    async def prepare(self, municipality: str) -> None:
        """Make what a municipality needs whatever it subscribes to, before its first event is recorded.

        So the relay finds the topic of every event that it is to send. Raises confluent_kafka's KafkaException.
        """
        topics, given = rights.topics(municipality), rights.wanted(municipality, rights.Standing())
        await asyncio.to_thread(self._provisioning.apply, topics, given, ())

    async def one(self, municipality: str) -> None:
        """Make one municipality's topics and rights right. Raises confluent_kafka's KafkaException."""
        try:
            await self._apply([municipality])
        except BaseException:
            self._unfinished.set()
            raise

    async def until_unfinished(self, seconds: float) -> None:
        """Return when something was left undone, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._unfinished.wait(), seconds)
        self._unfinished.clear()

    async def all(self) -> None:
        """Make everybody's topics and rights right, some at a time."""
        everybody = sorted(await store.everybody(self._database))
        for start in range(0, len(everybody), MUNICIPALITIES_AT_ONCE):
            await self._apply(everybody[start : start + MUNICIPALITIES_AT_ONCE])

    async def new_credentials(self, municipality: str) -> tuple[str, str]:
        """Give the municipality's SCRAM user a new password; it is known only to whoever is told now."""
        principal, password = rights.principal_of(municipality), new_password()
        await asyncio.to_thread(self._provisioning.set_password, principal, password)
        return principal, password

    async def _apply(self, municipalities: list[str]) -> None:
        # One at a time, each from what is recorded when its turn comes: an older picture never overwrites a newer one.
        async with self._lock:
            recorded = await store.everybody(self._database)
            topics: dict[str, dict[str, str]] = {}
            unwanted: set[str] = set()
            given: set[rights.Right] = set()
            withdrawn: set[rights.Right] = set()
            left: list[str] = []
            for municipality in municipalities:
                standing = recorded.get(municipality)
                if standing is None:
                    continue
                wanted = rights.wanted(municipality, standing)
                there = {} if standing.left else rights.topics(municipality, standing.gone)
                topics |= there
                unwanted |= rights.topics(municipality).keys() - there.keys()
                given |= wanted
                withdrawn |= rights.possible(municipality) - wanted
                left += [municipality] if standing.left else []
            if unwanted:
                # Topics before the rights on them: their readers take a topic that is gone for what it is.
                await asyncio.to_thread(self._leaving.remove, unwanted, left)
            await asyncio.to_thread(self._provisioning.apply, topics, given, withdrawn)
