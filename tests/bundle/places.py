"""Services without their processes: real rules on real databases, for histories that nobody would write by hand."""

import csv
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common import checkpoints, log
from kumiai_common.bundle.folder import BundleFolder
from kumiai_common.bundle.importing import Importer
from kumiai_common.bundle.layout import Part, record_path, stream_path, table_path
from kumiai_common.bundle.part import Kept, write_part
from kumiai_common.database import Database
from kumiai_common.intake import receive
from kumiai_common.keys import ServiceKeys
from kumiai_common.poll import Poll, Processor
from kumiai_common.protocol import Service as Rules
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import StoredEvent
from kumiai_contracts.membership import MemberRow, MunicipalityJoined, SubscriptionRow
from kumiai_contracts.model import Event
from kumiai_contracts.operations import IncarnationBegun
from kumiai_contracts.own_system import OwnSystemBegun, OwnSystemRow
from kumiai_contracts.registry import tables_of
from kumiai_contracts.topics import READS, SERVICE_OF, STREAM_OF
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.provision_database import provision_databases
from kumiai_local.secret_files import password
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.services import Service
from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.exchange_rules import ExchangeRules
from kumiai_national_id_linkage.handlers import NationalIdLinkage
from kumiai_national_id_linkage.legal_tables import legal_tables
from kumiai_national_id_linkage.proof import NetworkProof
from kumiai_national_id_linkage.vault.key_management import FileKeys
from kumiai_resident_registry.handlers import ResidentRegistry
from kumiai_taxation.handlers import Taxation

from tests.support.operator import LINKAGE, REGISTRY

KEPT = {
    REGISTRY: Kept(("emergency_access", "protection_release", "own_feed", "own_feed_divergence")),
    LINKAGE: Kept(("network_position",)),
}
"""What the services keep beside their streams."""
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True)
class Apart(Service):
    """A service with databases of its own, apart from the session's federation."""

    place: str = ""

    @property
    def database(self) -> str:
        return f"{self.module}_{self.place}"


class Place:
    """One service at one place."""

    def __init__(self, rules: Rules, database: Database) -> None:
        self.rules = rules
        self.name = rules.name
        self.stream = STREAM_OF[rules.name]
        self.database = database
        self.keys = ServiceKeys(Ed25519PrivateKey.generate())
        self._processor = Processor(rules, self.keys, 90)
        self._notices = 0

    async def take(
        self, municipality: str, notices: Sequence[tuple[Headers, bytes | None]] = (), **foreign: list[StoredEvent]
    ) -> None:
        """One poll: notices as they stand in Kafka, and foreign events by stream."""
        received = []
        for headers, body in notices:
            self._notices += 1
            received.append(receive(self.name, municipality, headers, body, f"{self._notices}"))
        poll = Poll(received, {(municipality, stream): events for stream, events in foreign.items()})
        async with self.database.transaction(poll.municipalities() or [municipality]) as connection:
            await self._processor.run(connection, poll, NOW, tolerant=True)

    async def append(self, municipality: str, event: Event) -> None:
        """An event about the service's own working."""
        async with self.database.transaction([municipality]) as connection:
            await log.append(connection, municipality, self.stream, [event], time="2026-11-25T03:00:00.000000Z")

    async def begin_incarnation(self, municipality: str) -> None:
        """As after a restored backup."""
        async with self.database.transaction([municipality]) as connection:
            head = (await log.lock_heads(connection, [(municipality, self.stream)]))[municipality, self.stream]
            before, head.incarnation = head.incarnation, head.incarnation + 1
            begun = IncarnationBegun(published_up_to=head.position + 3)
            stored = head.append(begun, time="2026-11-25T03:00:00.000000Z", continued=before)
            await log.write(connection, [stored], [head])

    async def log(self, municipality: str, after: int = 0) -> list[StoredEvent]:
        """The service's own log after a position."""
        async with self.database.transaction([municipality]) as connection:
            return await log.read(connection, municipality, self.stream, after, 100_000)


def line_of(event: StoredEvent) -> bytes:
    """An event as a line of a bundle, as its reader would write it."""
    said = event._asdict() | {"hash": event.hash.hex(), "body": event.body.decode()}
    return orjson.dumps({name: said[name] for name in event._fields[2:]}) + b"\n"


def rules_of(layout: Layout) -> tuple[Rules, ...]:
    """The rules of all services, in the direction of the data."""
    management = FileKeys(layout.secrets / "vault-keys.json")
    exchange = ExchangeRules(CodeBook.load(layout.linkage_code_key), legal_tables(), NetworkProof.load(layout.keys))
    return ResidentRegistry(), Taxation(), NationalIdLinkage(management, exchange)


@asynccontextmanager
async def places(addresses: StackAddresses, layout: Layout, name: str) -> AsyncIterator[dict[str, Place]]:
    """The services at a place of this name, with empty databases."""
    every = rules_of(layout)
    services = [Apart(rules.name, name) for rules in every]
    provision_databases(addresses, layout, services)
    ServiceProcesses(addresses, layout, services=services).migrate()
    found = {}
    for rules, service in zip(every, services, strict=True):
        pool = await asyncpg.create_pool(
            addresses.postgres_url_of(service.app_role, service.database),
            password=password(service.role_password(layout, service.app_role)),
            min_size=1,
            max_size=2,
        )
        found[rules.name] = Place(rules, Database(pool))
    try:
        yield found
    finally:
        for place in found.values():
            await place.database.close()


async def join(here: dict[str, Place], municipality: str, *, own_registry: bool = False) -> None:
    """Have every service hear that the municipality subscribes to all of them, and who keeps its residents' record."""
    time = "2026-11-01T00:00:00.000000Z"
    joined = MunicipalityJoined(
        member=MemberRow(name="市", prefecture="県", joined_at=time),
        subscriptions=tuple(
            SubscriptionRow(service=name, active=True, changed_at=time)  # type: ignore[arg-type]
            for name in here
        ),
    )
    head = log.Head(municipality, "membership", 1, 0, origin(municipality, "membership", 1))
    events = [head.append(joined, time=time)]
    if own_registry:
        row = OwnSystemRow(service=REGISTRY, active=True, changed_at=time)
        events.append(head.append(OwnSystemBegun(own_system=row), time=time))
    for place in here.values():
        await place.take(municipality, membership=events)


async def spread(here: dict[str, Place], municipality: str) -> None:
    """Have every reader apply what it has not yet."""
    for place in here.values():
        for stream in READS[place.name]:
            if stream == "membership":
                continue
            async with place.database.transaction([municipality]) as connection:
                at = await connection.fetchval(
                    "select position from reader_position where municipality = $1 and stream = $2", municipality, stream
                )
            events = await here[SERVICE_OF[stream]].log(municipality, at or 0)
            if events:
                await place.take(municipality, **{stream: events})


async def export(
    here: dict[str, Place], municipality: str, folder: Path, *, older: bool = False
) -> tuple[str, dict[str, Part]]:
    """A bundle's folder; its identity and parts. `older` makes it one of a version that knew fewer tables."""
    target = BundleFolder(folder)
    target.begin()
    parts = {}
    for place in reversed(here.values()):
        await checkpoints.sign_moved_heads(place.database, place.keys, [municipality])
        kept = KEPT.get(place.name, Kept())
        part = await write_part(place.database, place.name, municipality, place.keys, target, kept=kept)
        if older:
            part = _of_an_older_version(part, folder, {event.type for event in await place.log(municipality)})
        said = {"part": part.statement(), "public_key": place.keys.public_text,
                "signature": part.signature(place.keys.signing)}  # fmt: skip
        parts[place.name] = target.close_part(said)
    return target.finish(), parts


def _of_an_older_version(part: Part, folder: Path, types: Iterable[str]) -> Part:
    """Without the tables that no event of these types fills, as by a version that knew neither."""
    filled = {table_path(part.service, row.table) for type_ in types for _, row in tables_of(type_)}
    unknown = {file for file in part.files if "/tables/" in file.path and file.path not in filled}
    for file in unknown:
        (folder / file.path).unlink()
    known = tuple(file for file in part.files if file not in unknown)
    return replace(part, contract_version="0", files=known)


async def import_(there: dict[str, Place], parts: dict[str, Part], folder: Path, piece: int) -> None:
    """Take a bundle in, in pieces of so many lines; every piece comes twice."""
    for service, part in parts.items():
        kept = KEPT.get(service, Kept()).records
        importer = Importer(there[service].database, service, there[service].keys, kept)
        municipality = part.municipality
        for end in (*part.readers, *part.heads):
            if end.stream == "membership":
                continue
            owner = end.stream.removesuffix("-receipts") if end.stream.endswith("-receipts") else SERVICE_OF[end.stream]
            lines = (folder / stream_path(owner, end.stream)).read_bytes().splitlines()[: end.position]
            take = importer.own_log if importer.owns(end.stream) else importer.replica
            for start in range(0, len(lines), piece):
                for _ in range(2):
                    await take(municipality, end.stream, lines[start : start + piece])
        sealed = [json.loads(line) for line in (folder / service / "parts.jsonl").read_text().splitlines()]
        for _ in range(2):
            await importer.parts(municipality, sealed)
            for table in kept:
                with (folder / record_path(service, table)).open(newline="") as file:
                    await importer.records(municipality, table, 0, list(csv.DictReader(file)))
