"""Finding people at the desk: an initial load, then searches and looks back in time over HTTP, one after the other.

One municipality whose residents have names as common as in Japan and have moved twice since. Times are those of a
client on the same machine: token, access rights, the record of who read what, and the answer in JSON are all in them.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median, quantiles
from typing import Any

import httpx
from confluent_kafka import Producer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.resident import Address, CarryOverNotice, ChangeOfAddressNotice, Person, ResidentNotice, Sex
from kumiai_contracts.topics import notices_topic
from kumiai_demo.names import Name, family_name, given_name

from benchmarks.federation import Federation
from benchmarks.observer import Database, connect, until

REGISTRY = "resident-registry"
PATIENCE_SECONDS = 900.0
HOUSEHOLD = ("世帯主", "妻", "子")
MOVES = 2
"""How often everybody has moved after the initial load."""
PARTY = "bench"
_HEADS = "select coalesce(max(position), 0) from stream_head where municipality = $1 and stream = $2"


@dataclass(frozen=True)
class Finding:
    """What one municipality's desk waits for."""

    residents: int
    rows: int
    load_seconds: float
    """From the first notice of the initial load sent until the registry has decided about the last."""
    index_seconds: float
    """From there and from the moves on, until everybody was found."""
    milliseconds: dict[str, list[float]]
    """By kind of question, each answer's time."""

    def median(self, kind: str) -> float:
        """Half of the answers came in this time."""
        return median(self.milliseconds[kind])

    def p99(self, kind: str) -> float:
        """All but one of a hundred answers came in this time."""
        return quantiles(self.milliseconds[kind], n=100)[-1]


class Answered(AssertionError):
    """A question got another answer than it must: then its speed is of no interest."""


def measure(federation: Federation, municipality: str, residents: int, questions: int) -> Finding:
    """Load a municipality, let everybody move, wait for the index, ask."""
    return asyncio.run(_measure(federation, municipality, residents, questions))


async def _measure(federation: Federation, municipality: str, residents: int, questions: int) -> Finding:
    database = await connect(federation.addresses, "kumiai_resident_registry")
    try:
        town = _Town(municipality, residents)
        began = time.perf_counter()
        await _told(federation, database, municipality, town.carried_over())
        loaded = time.perf_counter()
        for n in range(MOVES):
            await _told(federation, database, municipality, town.moves(n))
        moved = time.perf_counter()
        await until(lambda: _is_indexed(database, municipality), PATIENCE_SECONDS, 0.2)
        indexed = time.perf_counter()
        await database.execute("analyze")
        rows = await database.fetchval("select count(*) from resident_history where municipality = $1", municipality)
        client = await asyncio.to_thread(_clerk, federation, municipality)
        with closing(client):
            times = _asked(client, town, questions)
        return Finding(residents, rows, loaded - began, indexed - moved, times)
    finally:
        await database.close()


class _Town:
    """Households of three, by name and number; numbers are given in the order of the notices."""

    def __init__(self, municipality: str, residents: int) -> None:
        self._municipality = municipality
        self._random = Random(7)
        self._sent = 0
        self.families = [family_name(self._random) for _ in range(residents // len(HOUSEHOLD))]
        self.people = residents // len(HOUSEHOLD) * len(HOUSEHOLD)
        self.numbers = [with_check_digit(f"{n:09d}", addressee_check_digit) for n in range(1, self.people + 1)]
        self.today = datetime.now(UTC).date() - timedelta(days=1)

    def carried_over(self) -> Iterator[tuple[list[tuple[str, bytes]], bytes]]:
        for family in self.families:
            yield self._record(
                CarryOverNotice(**self._handled(date(2015, 4, 1)), persons=self._persons(family), address=self._home())
            )

    def moves(self, n: int) -> Iterator[tuple[list[tuple[str, bytes]], bytes]]:
        for at in range(0, self.people, len(HOUSEHOLD)):
            named = tuple(self.numbers[at : at + len(HOUSEHOLD)])
            day = date(2018 + 3 * n, 4, 1)
            yield self._record(
                ChangeOfAddressNotice(**self._handled(day), addressee_numbers=named, address=self._home())
            )

    def _persons(self, family: Name) -> tuple[Person, ...]:
        made = []
        for n, relationship in enumerate(HOUSEHOLD):
            sex = (Sex.MALE, Sex.FEMALE)[n % 2]
            name = family.joined(given_name(self._random, sex))
            born = f"{self._random.randint(1940, 1985) + 25 * (n == 2)}-05-1{n}"
            made.append(
                Person(name=name.written, name_kana=name.kana, birth_date=born, sex=sex, relationship=relationship)
            )
        return tuple(made)

    def _home(self) -> Address:
        town = f"丸の内{'一二三四五六七八九'[self._random.randrange(9)]}丁目"
        number = f"{self._random.randint(1, 60)}番{self._random.randint(1, 40)}号"
        return Address(prefecture="東京都", municipality="千代田区", town=town, number=number)

    def _handled(self, effective: date) -> dict[str, Any]:
        return {
            "effective_date": effective,
            "notified_date": self.today,
            "place": "住民課窓口",
            "operator": "clerk-07",
        }

    def _record(self, notice: ResidentNotice) -> tuple[list[tuple[str, bytes]], bytes]:
        self._sent += 1
        source = f"urn:benchmark:{self._municipality}"
        envelope = NoticeEnvelope(f"{self._sent:08d}", source, notice.type, self._municipality)
        return envelope.headers(), notice.body()


async def _told(
    federation: Federation,
    database: Database,
    municipality: str,
    records: Iterable[tuple[list[tuple[str, bytes]], bytes]],
) -> None:
    """Notices sent, and decided."""
    settings = {"linger.ms": 20, "compression.type": "zstd", "queue.buffering.max.messages": 1_000_000}
    producer = Producer({**federation.addresses.kafka_client(), **settings})
    before = int(await database.fetchval(_HEADS, municipality, f"{REGISTRY}-receipts"))
    sent = 0
    for headers, body in records:
        producer.produce(notices_topic(municipality, REGISTRY), body, headers=list(headers))
        sent += 1
    assert await asyncio.to_thread(producer.flush, 300) == 0

    async def decided() -> bool:
        return int(await database.fetchval(_HEADS, municipality, f"{REGISTRY}-receipts")) == before + sent

    await until(decided, PATIENCE_SECONDS)


async def _is_indexed(database: Database, municipality: str) -> bool:
    query = "select position from name_index_position where municipality = $1"
    head = await database.fetchval(_HEADS, municipality, "resident")
    return bool(await database.fetchval(query, municipality) == head)


def _clerk(federation: Federation, municipality: str) -> httpx.Client:
    """A clerk of the resident desk, once the registry has heard of one."""
    key = Ed25519PrivateKey.generate()
    peers = federation.services.peers
    body = {"kind": "person", "public_key": public_key_text(key.public_key()), "roles": ["clerk"]}
    with federation.client() as operator:
        address = f"{peers['membership']}/v1/members/{municipality}/parties/{PARTY}"
        operator.post(address, json={**body, "purposes": ["resident-services"]}).raise_for_status()
    client = httpx.Client(
        auth=TokenClient(peers["membership"], f"{municipality}/{PARTY}", key),
        base_url=f"{peers[REGISTRY]}/v1/{municipality}/",
        params={"purpose": "resident-services"},
        timeout=60,
    )
    while client.get("gaiji").is_error:
        time.sleep(0.2)
    return client


def _asked(client: httpx.Client, town: _Town, questions: int) -> dict[str, list[float]]:
    random = Random(11)

    def kana() -> dict[str, str]:
        family = random.choice(town.families)
        return {"name": family.kana[: random.randint(2, max(2, len(family.kana)))]}

    def kanji() -> dict[str, str]:
        return {"name": random.choice(town.families).written}

    def address() -> dict[str, str]:
        written = f"丸の内{random.randint(1, 9)}-{random.randint(1, 60)}"
        return {"address": written, "as_of": "2019-01-01"}

    def day() -> dict[str, str]:
        # `today` is yesterday in UTC; in the evening there it is tomorrow in Japan already.
        known = (f"{town.today + timedelta(days=3)}", f"{town.today + timedelta(days=3)}T00:00:00+09:00")
        return {"as_of": f"{random.randint(2015, 2025)}-07-01", "known": random.choice(known)}

    kinds: dict[str, Callable[[], tuple[str, dict[str, str]]]] = {
        "search_kana": lambda: ("residents", kana()),
        "search_kanji": lambda: ("residents", kanji()),
        "as_of_person": lambda: (f"residents/{random.choice(town.numbers)}", day()),
        "as_of_household": lambda: (f"households/{random.choice(town.numbers[: town.people // 3])}", day()),
        "as_of_address": lambda: ("addresses", address()),
    }
    found: dict[str, list[float]] = {}
    for kind, make in kinds.items():
        for n in range(questions + questions // 10):
            path, params = make()
            began = time.perf_counter()
            answer = client.get(path, params=params)
            took = (time.perf_counter() - began) * 1000
            if answer.status_code != 200 or (kind.startswith("search") and not answer.json()["residents"]):
                raise Answered(f"{kind}: {answer.status_code}")
            if n >= questions // 10:  # the others warm plans and caches
                found.setdefault(kind, []).append(took)
    return found
