"""Retention of access records (利用記録の保存期間): they end when they are older than the years that are set for them.

The guideline 特定個人情報の適正な取扱いに関するガイドライン asks for records of use, kept for a certain time, and names
none. Ours is the least for which the record of what was told (情報提供等記録, 番号法23条) is kept.
"""

import asyncio

import structlog

from kumiai_common.database import TRANSIENT, Database
from kumiai_common.queries import QUERIES
from kumiai_common.relay import Relay

_LOG = structlog.get_logger()
AT_ONCE = 1000
"""Records of a municipality that end in one transaction."""


async def run(database: Database, relay: Relay, years: int, every_seconds: float) -> None:
    """Look for what is older, for ever."""
    while True:
        for municipality in relay.municipalities:
            try:
                while ended := await end(database, municipality, years):
                    _LOG.info("access records ended", municipality=municipality, count=ended)
            except TRANSIENT as error:
                _LOG.warning("old access records wait", municipality=municipality, error=type(error).__name__)
        await asyncio.sleep(every_seconds)


async def end(database: Database, municipality: str, years: int) -> int:
    """End the oldest records that are older than so many years; how many those were."""
    async with database.transaction([municipality]) as connection:
        return int(await QUERIES.end_accesses(connection, years=years, most=AT_ONCE))
