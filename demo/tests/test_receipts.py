"""An integrator's side: a receipt is believed if its chain fits, and what has none is sent again."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kumiai_contracts.chain import origin
from kumiai_contracts.envelope import NoticeEnvelope, StoredEvent
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.resident import DeathNotice
from kumiai_demo.connection import Broker, Credentials
from kumiai_demo.hostile import NOBODY
from kumiai_demo.ledger import SENT, Ledger, read_sent
from kumiai_demo.message import Message, good
from kumiai_demo.post import Post
from kumiai_demo.receipt_feed import Receipt, ReceiptChain
from kumiai_demo.script import learned_from

CODE, SERVICE, STREAM = "131016", "resident-registry", "resident-registry-receipts"


def receipts(count: int) -> list[StoredEvent]:
    """A chain of receipts as a service stores them."""
    found: list[StoredEvent] = []
    previous = origin(CODE, STREAM, 1)
    for n in range(1, count + 1):
        issued = ReceiptIssued(
            notice_source="urn:test",
            notice_id=f"id-{n}",
            notice_type="x",
            notice_digest="0" * 64,
            outcome="accepted",
        )
        event = StoredEvent(
            CODE, STREAM, 1, n, b"", issued.type, issued.subject(), "t", issued.dataschema(), "", "", issued.body()
        )
        previous = event.expected_hash(1, previous)
        found.append(event._replace(hash=previous))
    return found


def taken(events: Sequence[StoredEvent]) -> tuple[list[Receipt | None], list[str]]:
    chain = ReceiptChain(CODE, SERVICE)
    return [chain.take(event.headers(), event.body) for event in events], chain.breaks


def test_receipts_in_order_are_believed() -> None:
    found, breaks = taken(receipts(3))
    assert [receipt.position for receipt in found if receipt] == [1, 2, 3]
    assert breaks == []


def test_what_the_relay_sends_twice_counts_once() -> None:
    first, second, third = receipts(3)
    found, breaks = taken([first, second, first, second, third])
    assert [receipt.position for receipt in found if receipt] == [1, 2, 3]
    assert breaks == []


def test_a_missing_receipt_breaks_the_chain() -> None:
    first, _, third = receipts(3)
    assert len(taken([first, third])[1]) == 1


def test_a_changed_receipt_breaks_the_chain() -> None:
    first, second = receipts(2)
    changed = second._replace(body=second.body.replace(b"accepted", b"refused"))
    assert len(taken([first, changed])[1]) == 1


def test_numbers_are_learned_by_the_pointer_and_not_by_their_order() -> None:
    assigned = [
        {"pointer": "", "kind": "household-number", "number": "H"},
        {"pointer": "/persons/1", "kind": "addressee-number", "number": "B"},
        {"pointer": "/persons/0", "kind": "addressee-number", "number": "A"},
    ]
    caused = [{"stream": "resident", "incarnation": 1, "position": 7}]
    learned = learned_from({"assigned": assigned, "caused": caused})
    assert (learned.numbers, learned.household_number, learned.event) == (("A", "B"), "H", "resident:1:7")


class RecordingProducer:
    """Takes messages as Kafka's producer does."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    async def send_and_wait(self, topic: str, value: bytes, headers: Any) -> None:
        self.sent.append((topic, value))


def message(id_: str) -> Message:
    notice = DeathNotice.model_validate_json(
        json.dumps(
            {
                "effective_date": "2026-04-01",
                "notified_date": "2026-04-01",
                "place": "本庁",
                "operator": "desk/1",
                "addressee_number": NOBODY,
            }
        )
    )
    return good(NoticeEnvelope(id_, "urn:test", notice.type, CODE), notice)


def answer_to(sent: Message, outcome: str = "accepted") -> Receipt:
    body = {
        "notice_source": sent.source,
        "notice_id": sent.id,
        "notice_digest": sent.digest,
        "outcome": outcome,
        "caused": [],
        "assigned": [],
        "reasons": [],
    }
    return Receipt(sent.service, 1, json.dumps(body).encode(), body)


@pytest.fixture
def producer() -> RecordingProducer:
    return RecordingProducer()


@pytest.fixture
def post(tmp_path: Path, producer: RecordingProducer) -> Post:
    post = Post(CODE, Broker("nowhere:1", Credentials("u", "p", "system", "")), Ledger(tmp_path))
    post._producer = producer
    return post


async def test_what_has_no_receipt_is_sent_again_and_what_has_one_is_not(
    post: Post, producer: RecordingProducer
) -> None:
    answered, unanswered = message("a"), message("b")
    await post.send(answered)
    pending = await post.send(unanswered)
    post.arrived(answer_to(answered))
    await asyncio.sleep(0.01)
    await post.resend(older_than_s=0)
    assert [value for _, value in producer.sent] == [answered.body, unanswered.body, unanswered.body]
    assert (post.unanswered, post.tally.sent, post.tally.repeated) == (1, 2, 1)
    post.arrived(answer_to(unanswered, "refused"))
    assert (await pending).accepted is False
    assert await post.all_answered(1)


async def test_a_message_is_in_the_ledger_before_it_is_sent(
    post: Post, producer: RecordingProducer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def look(topic: str, value: bytes, headers: Any) -> None:
        seen.append(len(list(read_sent(tmp_path / SENT))))

    monkeypatch.setattr(producer, "send_and_wait", look)
    await post.send(message("a"))
    await post.send(message("b"))
    assert seen == [1, 2]


async def test_the_ledger_gives_back_what_was_sent(post: Post, tmp_path: Path) -> None:
    sent = message("a")
    await post.send(sent)
    (found,) = read_sent(tmp_path / SENT)
    assert found.identity == (sent.service, sent.source, sent.id, sent.digest)
    assert found.notice == json.loads(sent.body)


async def test_a_receipt_for_other_content_under_the_same_id_does_not_answer(post: Post) -> None:
    sent = message("a")
    await post.send(sent)
    other = answer_to(sent)
    post.arrived(Receipt(other.service, 1, other.stored, other.body | {"notice_digest": "f" * 64}))
    assert post.unanswered == 1
    assert not await post.all_answered(0.01)
