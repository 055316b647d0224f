"""A municipality's own registry, as small as it can be, and how it hands its events in to the federation.

python own_registry.py CREDENTIALS.json RECORD.sqlite enter NAME KANA
python own_registry.py CREDENTIALS.json RECORD.sqlite leave NUMBER
python own_registry.py CREDENTIALS.json RECORD.sqlite check

Each command changes the registry's record and writes the event with the next number into an outbox, in one transaction;
then it hands in whatever has not been answered. So it may be broken off at any moment and run again. Its exit code is 1
if anything was refused.
"""

import argparse
import secrets
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from connection import Connection, run
from kumiai_contracts.chain import commitment
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.resident import Address, HouseholdRow, Reason, ResidentRow, Sex, Status
from kumiai_contracts.resident_feed import SNAPSHOT_MOST, FedMovement, FeedEventNotice, FeedPart, snapshot
from send_notice import Sender

TABLES = """
create table if not exists resident (number text primary key, row text not null);
create table if not exists outbox (
  sequence integer primary key, attempt integer not null default 1, notice text not null, answer text
);
"""
HERE = Address(prefecture="東京都", municipality="千代田区", town="千代田", number="1番1号")


class Record:
    """The registry's own database: everybody's current row, and what has to be handed in."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(TABLES)

    def enter(self, name: str, kana: str) -> str:
        """転入: somebody moves in and is a household; gives the number."""
        known = self._one("select count(*) from resident")
        number = with_check_digit(f"{known + 1:09}", addressee_check_digit)
        salt, text = secrets.token_bytes(32), HERE.model_dump_json()  # the address itself never stands in the event
        row = ResidentRow(
            addressee_number=number,
            history_number=1,
            status=Status.RESIDENT,
            household_number=number,
            relationship="世帯主",
            name=name,
            name_kana=kana,
            birth_date="1990-05-01",
            sex=Sex.FEMALE,
            resident_since=date.today().isoformat(),
            address_since=date.today().isoformat(),
            address=commitment(salt, text.encode()),
            reason=Reason.DOMESTIC_MOVE_IN,
            effective_date=date.today(),
            notified_date=date.today(),
            processed_date=date.today(),
            ex_officio=False,
            place="本庁",
            operator="own",
            movement="",  # the federation fills in the receipt
        )
        household = HouseholdRow(household_number=number, head=number, members=(number,))
        part = FeedPart(name="address", salt=salt.hex(), part=text)
        self._happened("resident.moved-in.v1", row, household, (part,))
        return number

    def leave(self, number: str) -> None:
        """転出: the next row of the person, and the household as it is afterwards. Raises ValueError."""
        row = next((row for row in self.living() if row.addressee_number == number), None)
        if row is None:
            raise ValueError(f"nobody with the number {number} lives here")
        away = {
            "history_number": row.history_number + 1,
            "status": Status.REMOVED,
            "removed_on": date.today(),
            "reason": Reason.MOVE_OUT_ABROAD,
            "effective_date": date.today(),
            "notified_date": date.today(),
            "processed_date": date.today(),
        }
        household = HouseholdRow(household_number=number, head=None, members=())
        self._happened("resident.moved-out.v1", row.model_copy(update=away), household, ())

    def _happened(self, type_: Any, row: ResidentRow, household: HouseholdRow, parts: tuple[FeedPart, ...]) -> None:
        """The record and the outbox in one transaction: there is a number exactly for what has happened."""
        self._database.execute("begin immediate")
        self._database.execute(
            "insert or replace into resident values (?, ?)", (row.addressee_number, row.model_dump_json())
        )
        sequence = self.last + 1
        event = FedMovement(residents=(row,), households=(household,))
        notice = FeedEventNotice(sequence=sequence, event_type=type_, event=event, parts=parts)
        self._database.execute(
            "insert into outbox (sequence, notice) values (?, ?)", (sequence, notice.model_dump_json())
        )
        self._database.execute("commit")

    @property
    def last(self) -> int:
        """The last number that was given."""
        return int(self._one("select coalesce(max(sequence), 0) from outbox"))

    def waiting(self) -> tuple[int, int, FeedEventNotice] | None:
        """The first event without an answer: its number, which attempt it is, the notice."""
        found = self._database.execute(
            "select sequence, attempt, notice from outbox where answer is null order by sequence limit 1"
        ).fetchone()
        return (found[0], found[1], FeedEventNotice.model_validate_json(found[2])) if found else None

    def answered(self, sequence: int, outcome: str) -> None:
        """Note what became of an event."""
        self._database.execute("update outbox set answer = ? where sequence = ?", (outcome, sequence))

    def again_from(self, sequence: int) -> None:
        """Everything from here on has to be sent again: the same numbers and bytes, under new ids."""
        self._database.execute(
            "update outbox set answer = null, attempt = attempt + 1 where sequence >= ?", (sequence,)
        )

    def living(self) -> list[ResidentRow]:
        """The current rows of everybody on the live record, in the order of their numbers."""
        texts = self._database.execute("select row from resident order by number")
        rows = [ResidentRow.model_validate_json(text) for (text,) in texts]
        return [row for row in rows if row.status is Status.RESIDENT]

    def _one(self, query: str, *values: object) -> Any:
        return self._database.execute(query, values).fetchone()[0]


async def hand_in(record: Record, sender: Sender, registry: httpx.AsyncClient) -> int:
    """Send what has no answer yet, one number after the other; how many were refused for good. A faster sender does
    not wait for each receipt.
    """
    refused = 0
    while (found := record.waiting()) is not None:
        sequence, attempt, notice = found
        receipt = await sender.tell(notice, f"feed-{sequence}-{attempt}")
        show(f"number {sequence}", receipt)
        if "feed-gap" in codes(receipt):
            standing = (await registry.get("feed")).raise_for_status().json()
            record.again_from(standing["next"])
            continue
        record.answered(sequence, receipt.outcome)  # a contradiction is answered, too: people have to look into it
        refused += receipt.outcome == "refused"
    return refused


async def check(record: Record, sender: Sender) -> int:
    """照合: say who lives here, and hear whether the federation has it the same; how many ranges differ."""
    differing = 0
    for first, last, rows in ranges(record.living()):
        said = snapshot(record.last, rows, first, last)
        receipt = await sender.tell(said, f"snapshot-{record.last}-{secrets.token_hex(4)}")
        show(f"snapshot after {record.last}, {first} to {last}", receipt)
        for reason in receipt.reasons:
            print(f"  {reason.en}")
        differing += receipt.outcome == "refused"
    return differing


def ranges(rows: Sequence[ResidentRow]) -> Iterator[tuple[str, str, Sequence[ResidentRow]]]:
    """All numbers there can be, in ranges of which each holds no more people than a snapshot may name."""
    first = "0000000000"
    for begin in range(0, len(rows) - SNAPSHOT_MOST, SNAPSHOT_MOST):
        part = rows[begin : begin + SNAPSHOT_MOST]
        yield first, part[-1].addressee_number, part
        first = f"{int(part[-1].addressee_number) + 1:010}"
    yield first, "9999999999", [row for row in rows if row.addressee_number >= first]


def codes(receipt: ReceiptIssued) -> list[str]:
    """Why it was refused; nothing if it was accepted."""
    return [reason.code for reason in receipt.reasons]


def show(what: str, receipt: ReceiptIssued) -> None:
    """One line about a receipt."""
    counted = [code if many == 1 else f"{code} ({many})" for code, many in Counter(codes(receipt)).items()]
    places = [f"{event.stream}:{event.incarnation}:{event.position}" for event in receipt.caused]
    print(" ".join((f"{what}: {receipt.outcome}", *counted, *places)))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("credentials", type=Path)
    parser.add_argument("record", type=Path)
    commands = parser.add_subparsers(dest="what", required=True, metavar="enter|leave|check")
    enter = commands.add_parser("enter", help="somebody moves in")
    enter.add_argument("name")
    enter.add_argument("kana")
    commands.add_parser("leave", help="somebody moves out").add_argument("number")
    commands.add_parser("check", help="compare who lives here")
    asked = parser.parse_args()
    connection, record = Connection(asked.credentials), Record(asked.record)
    if asked.what == "enter":
        print(record.enter(asked.name, asked.kana))
    elif asked.what == "leave":
        record.leave(asked.number)
    async with (
        AIOKafkaProducer(**connection.kafka(), acks="all", enable_idempotence=True) as producer,
        AIOKafkaConsumer(**connection.kafka()) as receipts,
        connection.http("resident-registry") as registry,
    ):
        sender = Sender(connection, producer, receipts)
        refused = await hand_in(record, sender, registry)
        if asked.what == "check":
            refused += await check(record, sender)
    if refused:
        sys.exit(1)


if __name__ == "__main__":
    run(main)
