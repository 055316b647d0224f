"""A new consumer: keeps a municipality's residents in SQLite, from its stream `resident` and nothing else.

python new_consumer.py CREDENTIALS.json residents.sqlite                      follow the stream until Ctrl-C
python new_consumer.py CREDENTIALS.json residents.sqlite --once               stop at the end of the log
python new_consumer.py CREDENTIALS.json residents.sqlite --address NUMBER     fetch the address of a 宛名番号

Invariant: the effect and the place up to which it was made are committed together, so it may be killed at any time.
"""

import argparse
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from connection import Connection, run
from continuity import Place, beginning, following
from kumiai_contracts.chain import commitment
from kumiai_contracts.envelope import EnvelopeError, StoredEvent
from kumiai_contracts.model import RowSet
from kumiai_contracts.registry import parse_event
from kumiai_contracts.resident import SERVICE, STREAM, ResidentRow
from kumiai_contracts.topics import events_topic

IDLE_MS = 2000  # If Kafka brings nothing for so long, the log is asked: a lost last event is found without a next one.
COLUMNS = ("addressee_number", "history_number", "status", "name", "household_number", "address")
TABLES = f"""
create table if not exists place (one primary key check (one = 1), incarnation, position, hash, kafka_offset);
create table if not exists resident ({", ".join(COLUMNS)}, primary key (addressee_number, history_number));
"""


class Diverged(Exception):
    """The registry's log contradicts what was applied: stop, and let a person decide."""


class Store:
    """The reader's memory: its place in the stream, and its effect."""

    def __init__(self, path: Path, municipality: str) -> None:
        self.municipality = municipality
        self._db = sqlite3.connect(path)
        self._db.executescript(TABLES)

    def place(self) -> Place:
        found = self._db.execute("select incarnation, position, hash, kafka_offset from place").fetchone()
        return Place(*found) if found else beginning(self.municipality, STREAM)

    def apply(self, events: Sequence[StoredEvent], offset: int) -> None:
        """Fold the events into rows; write the rows and the place in one transaction."""
        rows, place = RowSet(), self.place()._replace(offset=offset)
        for event in events:
            rows.apply(parse_event(event.type, event.body))
            place = Place(event.incarnation, event.position, event.hash, offset)
        residents = [[getattr(row, column) for column in COLUMNS] for row in rows.all(ResidentRow)]
        with self._db:
            self._db.executemany("insert or replace into resident values (?, ?, ?, ?, ?, ?)", residents)
            self._db.execute("insert or replace into place values (1, ?, ?, ?, ?)", place)

    def address_of(self, addressee_number: str) -> str:
        """The commitment of somebody's current address: that of the highest history number."""
        query = "select address from resident where addressee_number = ? order by history_number desc"
        return str(self._db.execute(query, (addressee_number,)).fetchone()[0])


def take(store: Store, records: Sequence[Any]) -> bool:
    """Apply what Kafka brought. False if that was nothing, or something that does not fit: then the log is asked."""
    if not records:
        return False
    try:
        events = [StoredEvent.from_record(STREAM, record.headers, record.value or b"") for record in records]
    except EnvelopeError:
        return False
    run, fits = following(store.municipality, store.place(), events)
    store.apply(run, records[-1].offset + 1)
    return fits


async def read_log(store: Store, registry: httpx.AsyncClient) -> None:
    """Go on from the registry's log to its end. It begins at our own last event, which has to stand there unchanged."""
    while True:
        place = store.place()
        after = {"after": max(place.position - 1, 0), "limit": 1000}
        lines = (await registry.get(f"streams/{STREAM}", params=after)).raise_for_status().text.split("\n")
        events = [event_of(store.municipality, json.loads(line)) for line in lines if line]
        run, fits = following(store.municipality, place, events)
        if not fits or (place.position and not events):
            raise Diverged(f"the log of {store.municipality}/{STREAM} does not go on from position {place.position}")
        if not run:
            return
        store.apply(run, place.offset)


def event_of(municipality: str, line: dict[str, Any]) -> StoredEvent:
    """An event from a line of the log; the bytes of its body's text are what was hashed."""
    known = {**line, "hash": bytes.fromhex(line["hash"]), "body": line["body"].encode()}
    return StoredEvent(municipality=municipality, stream=STREAM, **known)


async def follow(connection: Connection, store: Store, registry: httpx.AsyncClient, once: bool) -> None:
    """Read Kafka from the stored offset, without a consumer group; where that offset is gone, from the beginning."""
    partition = TopicPartition(events_topic(store.municipality, STREAM), 0)
    async with AIOKafkaConsumer(**connection.kafka(), auto_offset_reset="earliest") as consumer:
        consumer.assign([partition])
        consumer.seek(partition, store.place().offset)
        while True:
            records = (await consumer.getmany(timeout_ms=IDLE_MS)).get(partition, [])
            if not take(store, records):
                await read_log(store, registry)
            print(f"{store.municipality}/{STREAM}: applied up to {store.place().position}", flush=True)
            if once and not records:
                return


async def address(store: Store, registry: httpx.AsyncClient, number: str) -> str:
    """The sealed part behind a commitment, fetched for a purpose; it must be what the event promised."""
    sealed = store.address_of(number)
    answer = await registry.get(f"parts/{sealed}", params={"purpose": "resident-services"})
    part = answer.raise_for_status().json()
    if commitment(bytes.fromhex(part["salt"]), part["part"].encode()) != sealed:
        raise Diverged(f"the part served for {sealed} is not the one that the event names")
    return str(part["part"])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("credentials", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--address", metavar="NUMBER")
    asked = parser.parse_args()
    connection = Connection(asked.credentials)
    store = Store(asked.database, connection.municipality)
    async with connection.http(SERVICE) as registry:
        if asked.address:
            print(await address(store, registry, asked.address))
        else:
            await follow(connection, store, registry, asked.once)


if __name__ == "__main__":
    run(main)
