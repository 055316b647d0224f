"""Sending notices: a household is taken over, then its head's income is reported, with what the first receipt told.

python send_notice.py CREDENTIALS.json [BATCH]

The contract for senders: send again until the receipt is there. BATCH names this run (a date, by default): the notices
of a batch have the same ids and the same bytes each time, so it may be broken off and run again, and counts once.
"""

import argparse
import asyncio
from datetime import date
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from connection import Connection, run
from kumiai_contracts.chain import digest
from kumiai_contracts.envelope import Cause, NoticeEnvelope
from kumiai_contracts.model import Notice
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.resident import Address, CarryOverNotice, Person, Sex
from kumiai_contracts.taxation import EmploymentIncomeReport, Spouse
from kumiai_contracts.topics import events_topic, notices_topic, receipts_stream

PATIENCE_S = 5.0
"""How long to wait for a receipt before the notice is sent again."""
FAMILY = (
    Person(name="千代田 太郎", name_kana="チヨダ タロウ", birth_date="1980-02-03", sex=Sex.MALE, relationship="世帯主"),
    Person(name="千代田 花子", name_kana="チヨダ ハナコ", birth_date="1982-04-05", sex=Sex.FEMALE, relationship="妻"),
)


class Sender:
    """Sends notices in the name of one system and waits for their receipts."""

    def __init__(self, connection: Connection, producer: AIOKafkaProducer, receipts: AIOKafkaConsumer) -> None:
        self._municipality = connection.municipality
        self._source = f"urn:example:{connection.municipality}:guide"
        self._producer = producer
        self._receipts = receipts

    async def tell(self, notice: Notice, id_: str, cause: str = "") -> ReceiptIssued:
        """Send a notice, again and again until its receipt is there, always under the same id with the same bytes."""
        envelope = NoticeEnvelope(id_, self._source, notice.type, self._municipality, cause=cause)
        topic, body = notices_topic(self._municipality, notice.service), notice.body()
        await self._listen(notice.service)
        while True:
            await self._producer.send_and_wait(topic, body, headers=envelope.headers())
            try:
                return await asyncio.wait_for(self._receipt(envelope, body), PATIENCE_S)
            except TimeoutError:
                print(f"{id_}: no receipt yet, sending it again")

    async def _listen(self, service: str) -> None:
        """From the end: a receipt comes after its notice, and a repeated notice gets its receipt once more."""
        partition = TopicPartition(events_topic(self._municipality, receipts_stream(service)), 0)
        self._receipts.assign([partition])
        self._receipts.seek(partition, (await self._receipts.end_offsets([partition]))[partition])

    async def _receipt(self, envelope: NoticeEnvelope, body: bytes) -> ReceiptIssued:
        """The next receipt for exactly this notice: its source, its id, and the digest of its type and bytes."""
        wanted = (envelope.source, envelope.id, digest(envelope.type, body).hex())
        async for record in self._receipts:
            if ("ce_type", ReceiptIssued.type.encode()) not in record.headers:
                continue  # a receipts stream also says when it goes on after a restore
            found = ReceiptIssued.model_validate_json(record.value)
            if (found.notice_source, found.notice_id, found.notice_digest) == wanted:
                return found
        raise ConnectionError("the consumer was stopped")


def show(receipt: ReceiptIssued) -> None:
    """What became of a notice. Codes and pointers are for programs, the texts for clerks."""
    print(f"{receipt.notice_id}: {receipt.outcome}")
    for reason in receipt.reasons:
        print(f"  {reason.code} at {reason.pointer or '/'}: {reason.ja} / {reason.en}")
    for event in receipt.caused:
        print(f"  {event.stream}:{event.incarnation}:{event.position} {event.type}")
    for given in receipt.assigned:
        print(f"  {given.kind} of {given.pointer or '/'}: {given.number}")


async def send(sender: Sender, batch: str) -> None:
    """A notice that is refused; a right one; and one to another service about what that made."""
    household = CarryOverNotice(
        effective_date=date(2020, 4, 1),
        notified_date=date(2020, 4, 1),
        place="本庁",
        operator="guide",
        persons=FAMILY,
        address=Address(prefecture="東京都", municipality="千代田区", town="千代田", number="1番1号"),
    )
    tomorrows = household.model_copy(update={"effective_date": date(2099, 1, 1)})
    show(await sender.tell(tomorrows, f"{batch}-wrong"))

    carried = await sender.tell(household, f"{batch}-household")
    show(carried)
    if carried.outcome == "refused":
        return
    head = next(given.number for given in carried.assigned if given.pointer == "/persons/0")
    seen = carried.caused[0]
    cause = str(Cause(seen.stream, seen.incarnation, seen.position))  # taxation waits until it has seen it, too
    report = EmploymentIncomeReport(
        fiscal_year=2026,
        addressee_number=head,
        employer="20310007",
        salary=5_000_000,
        spouse=Spouse(birth_date=FAMILY[1].birth_date, income=0),
    )
    show(await sender.tell(report, f"{batch}-income", cause))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("credentials", type=Path)
    parser.add_argument("batch", nargs="?", default=date.today().isoformat())
    asked = parser.parse_args()
    connection = Connection(asked.credentials)
    async with (
        AIOKafkaProducer(**connection.kafka(), acks="all", enable_idempotence=True) as producer,
        AIOKafkaConsumer(**connection.kafka()) as receipts,
    ):
        await send(Sender(connection, producer, receipts), asked.batch)


if __name__ == "__main__":
    run(main)
