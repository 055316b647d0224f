"""転出未確定: now and then the registry looks for move-outs that nobody has confirmed in time.

What it finds becomes a notice of the registry's own, decided, appended and answered with a receipt like any other. Two
processes that look at once, or one that is killed in between, tell the same again: an item is opened once.
"""

import asyncio
from secrets import token_hex

import structlog
from kumiai_common.clock import day_in_japan, now
from kumiai_common.database import TRANSIENT
from kumiai_common.log import StreamEnded
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_common.waiting import IntakeHeld, MustWait
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.model import RowSet
from kumiai_contracts.parameters import ParameterRow
from kumiai_contracts.resident import STREAM
from kumiai_contracts.resident_between import OverdueMoveOutsNotice

from kumiai_resident_registry.domain.confirming import long_ago
from kumiai_resident_registry.named_queries import QUERIES

_LOG = structlog.get_logger()
AT_ONCE = 30
"""People of one notice."""


async def watch(ground: Ground, every_seconds: float) -> None:
    """Look for ever, at the municipalities that this process is in charge of."""
    while True:
        for municipality in ground.relay.municipalities:
            try:
                while await look(ground, municipality):
                    pass
            except (IntakeHeld, MustWait, StreamEnded):
                continue  # its replicas are not complete yet, or it is leaving
            except TRANSIENT as error:
                _LOG.warning("overdue moves out not known", error=type(error).__name__)
        await asyncio.sleep(every_seconds if ground.relay.municipalities else 1)


async def look(ground: Ground, municipality: str) -> bool:
    """Tell the registry of some that are overdue; whether there may be more."""
    async with ground.database.transaction([municipality]) as connection:
        if await QUERIES.keeps_own_record(connection, municipality=municipality):
            return False
        settings = RowSet(
            from_record(ParameterRow, record)
            for record in await QUERIES.settings(connection, municipalities=[municipality])
        )
        before = long_ago(settings, day_in_japan(now()))
        found = await QUERIES.overdue_move_outs(connection, municipality=municipality, before=before, limit=AT_ONCE)
    if not found:
        return False
    notice = OverdueMoveOutsNotice(addressee_numbers=tuple(record["addressee_number"] for record in found))
    envelope = NoticeEnvelope(
        token_hex(16), f"urn:kumiai:{municipality}:{STREAM}", notice.type, municipality, dataschema=notice.dataschema()
    )
    (receipt,) = await ground.intake(municipality, [(envelope, notice.body())], own=True)
    return receipt.outcome == "accepted" and bool(receipt.caused) and len(found) == AT_ONCE
