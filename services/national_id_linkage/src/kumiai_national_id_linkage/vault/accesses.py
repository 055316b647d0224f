"""The record of what the vault was used for (利用記録): it stands beside all other reads, by 宛名番号."""

from collections.abc import Sequence

from kumiai_common.database import Connection
from kumiai_common.http.access import Caller
from kumiai_common.http.access_records import record_access
from kumiai_contracts.membership import Purpose

from kumiai_national_id_linkage.vault.arrivals import QUERIES


async def record_use(
    connection: Connection,
    municipality: str,
    caller: Caller,
    purpose: Purpose,
    action: str,
    integrated_addressee_numbers: Sequence[str] = (),
) -> None:
    """Write down who had the vault do what, when, why, about whom; nobody if nobody was found. Never commits."""
    people: list[str] = []
    if integrated_addressee_numbers:
        found = await QUERIES.addressees_behind(
            connection, municipality=municipality, numbers=list(dict.fromkeys(integrated_addressee_numbers))
        )
        people = [record["addressee_number"] for record in found]
    await record_access(connection, municipality, caller, purpose, f"vault/{action}", people)
