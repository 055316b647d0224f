"""Every notice that can't be taken gets a receipt that says why, and none of them holds up the next one."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import psycopg
import pytest
from kumiai_contracts.resident import MoveInNotice
from kumiai_demo.hostile import NOBODY, one_of_each, other_content
from kumiai_demo.message import Message
from kumiai_local.addresses import StackAddresses

from tests.support.family import AWAY, HEAD, HOME, carry_over, handled, person, today
from tests.support.operator import REGISTRY
from tests.support.system import System

pytestmark = pytest.mark.stack
FOREIGN = "131016"

POINTERS = {
    "body-not-json": "",
    "body-not-utf8": "",
    "body-duplicate-key": "/place",
    "body-number-not-finite": "/place",
    "body-nul": "/place",
    "body-lone-surrogate": "/place",
    "body-too-deep": "",
    "body-too-large": "",
    "field-missing": "/effective_date",
    "field-unknown": "/remarks",
    "field-invalid": "/operator",
    "envelope-not-utf8": "/ce_subject",
    "municipality-mismatch": "/ce_municipality",
    "type-unknown": "/ce_type",
    "unknown-resident": "/addressee_number",
    "move-before-birth": "/effective_date",
    "date-in-2099": "/effective_date",
}
"""Where each kind's reason points."""


def move_in() -> MoveInNotice:
    """A notice that would be right."""
    return MoveInNotice(
        **handled(),
        origin="domestic",
        persons=(person("千代田 桜", HEAD, "1990-04-01"),),
        address=HOME,
        previous_address=AWAY,
    )


def wrong_messages(system: System) -> list[Message]:
    """One message of each kind."""
    return one_of_each(Random(1), system.envelope, move_in, FOREIGN)


async def test_every_wrong_notice_gets_its_reason_and_the_next_one_is_processed(system: System) -> None:
    messages = wrong_messages(system)
    kinds = {message.kind for message in messages}
    assert kinds == {*POINTERS, "id-missing", "id-not-utf8"}
    pending = [(message, await system.post.send(message)) for message in messages]
    after = await system.send(system.message(move_in()))
    assert after.accepted
    for message, receipt in pending:
        if not message.answerable:
            continue
        reasons = (await asyncio.wait_for(receipt, 5)).body["reasons"]
        first = reasons[0]
        assert first["code"] in message.codes, message.kind
        assert first["pointer"] == POINTERS[message.kind], message.kind
        assert first["en"], message.kind
        assert any("\u3040" <= letter <= "\u9fff" for letter in first["ja"]), message.kind
    assert system.feed.breaks == []


async def test_a_message_without_an_id_is_kept_for_an_operator(system: System, addresses: StackAddresses) -> None:
    unanswerable = [message for message in wrong_messages(system) if not message.answerable]
    for message in unanswerable:
        await system.post.send(message)
    assert (await system.send(system.message(move_in()))).accepted
    kept = kept_notices(addresses, system.member.code)
    assert len(kept) == len(unanswerable) == 2
    for (kept_as, code, encrypted), message in zip(kept, unanswerable, strict=True):
        assert kept_as.startswith(f"lg.{system.member.code}.{REGISTRY}.notices/")
        assert code in ("envelope-attribute-missing", "envelope-not-utf8")
        assert message.body not in encrypted
        assert "千代田".encode() not in encrypted


async def test_a_repetition_gets_the_same_receipt_and_other_content_under_its_id_is_refused(system: System) -> None:
    first = system.message(move_in())
    receipt = await system.send(first)
    again = await system.send(first)
    assert again.body == receipt.body
    assert again.position > receipt.position
    born = (today() - timedelta(days=9000)).isoformat()
    other = move_in().model_copy(update={"persons": (person("別人", HEAD, born),)})
    refused = await system.send(other_content(first, other))
    assert [reason["code"] for reason in refused.body["reasons"]] == ["id-reused"]
    family = await system.tell(carry_over())
    assert int(family.numbers[0][:-1]) == int(receipt.body["assigned"][0]["number"][:-1]) + 1, "one person in between"


async def test_an_id_that_was_refused_stays_used(system: System) -> None:
    wrong = next(message for message in wrong_messages(system) if message.kind == "field-unknown")
    assert not (await system.send(wrong)).accepted
    right = move_in()
    corrected = replace(wrong, body=right.body(), expected="accepted")
    assert (await system.send(corrected)).codes == {"id-reused"}


async def test_a_notice_of_a_resident_of_nobody_changes_nothing(system: System) -> None:
    wrong = next(message for message in wrong_messages(system) if message.kind == "unknown-resident")
    receipt = await system.send(wrong)
    assert receipt.body["caused"] == []
    assert NOBODY not in receipt.stored.decode()


def kept_notices(addresses: StackAddresses, code: str) -> list[tuple[str, str, bytes]]:
    """What the registry keeps of a municipality, as the database's superuser sees it."""
    url = addresses.postgres_url.rpartition("/")[0] + "/kumiai_resident_registry"
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        return connection.execute(
            "select kept_as, code, encrypted from kept_notice where municipality = %s and id = '' order by kept_as",
            (code,),
        ).fetchall()
