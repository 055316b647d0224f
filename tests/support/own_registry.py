"""A municipality's own registry: hands in, as its feed, the life that another municipality's registry recorded."""

import asyncio
from typing import Any

from kumiai_contracts.registry import parse_event
from kumiai_contracts.resident import ResidentEvent, ResidentRow, Status
from kumiai_contracts.resident_feed import (
    FedMovement,
    FeedEventNotice,
    FeedNotice,
    FeedPart,
    FeedSnapshotNotice,
    snapshot,
)
from kumiai_demo.receipt_feed import Receipt

from tests.support.operator import REGISTRY
from tests.support.system import RECEIPT_S, System

SEALED = ("address", "previous_address", "destination_address")


async def life_of(system: System) -> list[FeedEventNotice]:
    """Everything that a registry recorded, with the sealed parts opened, as another system's feed."""
    told: set[str] = set()
    notices = []
    for line in await system.stream(REGISTRY, "resident"):
        event = parse_event(line["type"], line["body"].encode())
        assert isinstance(event, ResidentEvent), line["type"]
        named = {(getattr(row, name), name) for row in event.residents for name in SEALED if getattr(row, name)}
        new = sorted((commitment, name) for commitment, name in named if commitment not in told)
        told |= {commitment for commitment, _ in new}
        parts = [await system.read(REGISTRY, f"parts/{commitment}") for commitment, _ in new]
        notices.append(
            FeedEventNotice(
                sequence=len(notices) + 1,
                event_type=line["type"],
                event=FedMovement(
                    residents=tuple(row.model_copy(update={"movement": ""}) for row in event.residents),
                    households=event.households,
                ),
                parts=tuple(FeedPart(name=part["name"], salt=part["salt"], part=part["part"]) for part in parts),
            )
        )
    return notices


def standing(notices: list[FeedEventNotice]) -> FeedSnapshotNotice:
    """The snapshot after these events."""
    last: dict[str, ResidentRow] = {}
    for notice in notices:
        last.update({row.addressee_number: row for row in notice.event.residents})
    return snapshot(notices[-1].sequence, [row for row in last.values() if row.status is Status.RESIDENT])


async def hand_in(system: System, *notices: FeedNotice) -> list[Receipt]:
    """Send notices one right after another and wait for all of their receipts."""
    sent = [await system.post.send(system.message(notice)) for notice in notices]
    return await asyncio.wait_for(asyncio.gather(*sent), RECEIPT_S * 3)


def codes(receipt: Receipt) -> list[Any]:
    """The codes of a refusal; none of an acceptance."""
    return [reason["code"] for reason in receipt.body["reasons"]]
