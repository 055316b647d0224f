"""Everything in which a run can leave something behind, as (where, bytes): topics, databases, files, answers."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from kumiai_local.addresses import StackAddresses

KAFKA_S = 30.0
_BLOCK_BYTES = 256 * 1024
Contents = Iterator[tuple[str, bytes]]

_TABLES = """
    select n.nspname, c.relname, exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'municipality' and not a.attisdropped)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_toast', 'information_schema') order by 1, 2"""


def topics(addresses: StackAddresses, municipalities: Iterable[str]) -> Contents:
    """Every record of every topic of some municipalities, decompressed, with key and headers, read as administrator."""
    settings = {**addresses.kafka_client(), "group.id": "markers", "enable.auto.commit": False}
    prefixes = tuple(f"lg.{code}." for code in municipalities)
    listed = AdminClient({**addresses.kafka_client()}).list_topics(timeout=KAFKA_S).topics.values()
    consumer = Consumer({**settings, "auto.offset.reset": "earliest", "fetch.message.max.bytes": 8 * 1024 * 1024})
    try:
        ends: dict[tuple[str, int], int] = {}
        begins: list[TopicPartition] = []
        for topic in listed:
            if not str(topic.topic).startswith(prefixes):
                continue
            for partition in topic.partitions:
                place = TopicPartition(str(topic.topic), partition)
                start, end = consumer.get_watermark_offsets(place, timeout=KAFKA_S)
                if start < end:
                    begins.append(TopicPartition(place.topic, partition, start))
                    ends[place.topic, partition] = end
        consumer.assign(begins)
        yield from _records(consumer, ends)
    finally:
        consumer.close()


def _records(consumer: Consumer, ends: dict[tuple[str, int], int]) -> Contents:
    """Every record below these offsets, by topic and partition."""
    while ends:
        message = consumer.poll(KAFKA_S)
        assert message is not None and not message.error(), f"{sorted(ends)} can't be read to the end"
        topic, partition, offset = str(message.topic()), message.partition(), message.offset()
        assert partition is not None and offset is not None
        if offset + 1 >= ends.get((topic, partition), 0):
            ends.pop((topic, partition), None)
        headers = [part for name, value in message.headers() or () for part in (name.encode(), value or b"")]
        yield f"topic {topic} at {offset}", b"\n".join([message.key() or b"", message.value() or b"", *headers])


def analyze(addresses: StackAddresses) -> None:
    """Have PostgreSQL sample the services' tables, as it does now and then for its planner, with nearly every value."""
    for name in _names(addresses):
        if name.startswith("kumiai_"):
            with _connected(addresses, name) as connection:
                connection.execute("set default_statistics_target = 10000")
                connection.execute("analyze")


def databases(addresses: StackAddresses, municipalities: Iterable[str]) -> Contents:
    """Every row of every table of every database, as a dump writes it and as the raw bytes of its values.

    Of a table with a column `municipality` only the rows of these.
    """
    codes = ",".join(f"'{int(code):06}'" for code in municipalities)
    for name in _names(addresses):
        with _connected(addresses, name) as connection:
            for schema, table, tenanted in connection.execute(_TABLES).fetchall():
                only = f" where municipality in ({codes})" if tenanted else ""
                # Some types of the catalogue have no binary form.
                for form in ("text",) if schema == "pg_catalog" else ("text", "binary"):
                    where = f"database {name}, {schema}.{table}"
                    copy = f'copy (select * from "{schema}"."{table}"{only}) to stdout (format {form})'
                    with connection.cursor().copy(copy) as rows:  # type: ignore[arg-type]
                        for block in _blocks(bytes(row) for row in rows):
                            yield where, block


def _names(addresses: StackAddresses) -> list[str]:
    """Every database that can be connected to."""
    with psycopg.connect(addresses.postgres_url, password=addresses.postgres_password) as connection:
        found = connection.execute("select datname from pg_database where datallowconn order by 1").fetchall()
    return [name for (name,) in found]


def _connected(addresses: StackAddresses, name: str) -> "psycopg.Connection[tuple[Any, ...]]":
    base = addresses.postgres_url.rpartition("/")[0]
    return psycopg.connect(f"{base}/{name}", password=addresses.postgres_password)


def _blocks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows put together, whole: one search in many of them takes less time than many searches."""
    block: list[bytes] = []
    size = 0
    for row in rows:
        block.append(row)
        size += len(row)
        if size > _BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


async def answers(client: httpx.AsyncClient, paths: Iterable[str]) -> list[tuple[str, bytes]]:
    """What a service answers to GETs, refusals included: headers and body."""
    found = []
    for path in paths:
        answer = await client.get(path)
        headers = b"\n".join(name + b": " + value for name, value in answer.headers.raw)
        found.append((f"{answer.status_code} {answer.request.url.path}", headers + b"\n\n" + answer.content))
    return found
