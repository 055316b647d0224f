"""A bundle leaves nothing out: every table that holds a municipality's rows is in it, or named here with a reason."""

import asyncpg
import pytest
from kumiai_contracts.registry import tables_of_stream
from kumiai_contracts.topics import READS, SERVICES, STREAM_OF
from kumiai_local.addresses import StackAddresses

pytestmark = pytest.mark.stack

GROUND = {
    "stream_head": "heads in the manifest",
    "stream_event": "streams/*.jsonl",
    "sealed_part": "parts.jsonl",
    "checkpoint": "checkpoints.csv",
    "checkpoint_signer": "in the manifest",
    "reader_position": "readers in the manifest",
    "inbox": "inbox.csv",
    "access_record": "records/access_record.csv",
    "kept_notice": "kept-notices.jsonl",
    "tenant": "that the municipality has anything here at all",
    "relay_position": "how far this federation's Kafka has been served",
    "courier_position": "how far messages to others were carried; begins at the end of an imported log",
    "intake_position": "offsets in this federation's Kafka",
    "intake_opened": "that a late joiner has caught up here, which it does again elsewhere",
    "tombstone": "what is left when everything else has been erased",
    "erasure_count": "what an erasure counted before it began",
}
RECORDS = {
    "resident-registry": {"emergency_access", "protection_release", "own_feed", "own_feed_divergence"},
    "national-id-linkage": {"network_position"},
}
LEFT_OUT = {
    "used_assertion": "the identifiers of spent assertions, for some minutes",
    "name_index": "made again from the log",
    "address_index": "made again from the log",
    "name_index_position": "made again from the log",
    "roll_entry": "made again by the run",
    "run_progress": "made again by the run",
    "run_outlier": "made again by the run",
    "vault_key": "keys never leave the vault",
    "vault_number": "個人番号 never leave the vault: the municipality's own systems have them",
}
TABLES = """
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'municipality'
    and not a.attisdropped"""


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.usefixtures("federation")
async def test_every_table_is_in_the_bundle_or_left_out_for_a_reason(service: str, addresses: StackAddresses) -> None:
    user = addresses.postgres_url.split("//")[1].split("@")[0]
    url = addresses.postgres_url_of(user, f"kumiai_{service.replace('-', '_')}")
    connection = await asyncpg.connect(url, password=addresses.postgres_password)
    try:
        found = {name for (name,) in await connection.fetch(TABLES)}
    finally:
        await connection.close()
    own = {kind.table for kind in tables_of_stream(STREAM_OF[service])}
    replicas = {kind.table for stream in READS[service] for kind in tables_of_stream(stream)}
    assert found - own - replicas - GROUND.keys() - LEFT_OUT.keys() == RECORDS.get(service, set())
