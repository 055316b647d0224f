"""A leak in each medium that a run leaves something in, for the proof that the search would find one."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from kumiai_local.addresses import StackAddresses
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from prometheus_client import CollectorRegistry, Counter, generate_latest

from tests.support.media import answers

FORMS = {"utf-8", "cp932", "utf-8 in base64", "JSON escapes"}
"""How a leak of `encoded` is named when it is found."""


def encoded(value: str) -> dict[str, bytes]:
    """A value in the encodings in which a municipality's systems, and ours, write texts."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in value)
    return {
        "utf-8": value.encode(),
        "cp932": value.encode("cp932"),
        "base64": b64encode(b"." + value.encode()),
        "escaped": escaped.encode(),
    }


@contextmanager
def leaking_topic(addresses: StackAddresses, code: str, value: str) -> Iterator[int]:
    """A topic that Kafka holds compressed and no service reads: in a body, a header, a key, each in another encoding;
    how many records leak."""
    name = f"lg.{code}.leak"
    admin = AdminClient({**addresses.kafka_client()})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)
    try:
        producer = Producer({**addresses.kafka_client(), "compression.type": "zstd", "linger.ms": 50})
        leak = encoded(value)
        producer.produce(name, b'{"x":"' + leak["escaped"] + b'"}' + b" " * 500, headers=[("x", b"y")])
        producer.produce(name, b'{"x":"' + leak["cp932"] + b'"}')
        producer.produce(name, b"{}", headers=[("ce_subject", leak["utf-8"])])
        producer.produce(name, b"{}", key=leak["base64"])
        assert producer.flush(20) == 0
        yield len(leak)
    finally:
        admin.delete_topics([name])[name].result(20)


@contextmanager
def leaking_tables(addresses: StackAddresses, database: str, code: str, values: dict[str, object]) -> Iterator[None]:
    """A table of a service's database for each type of column, by what stands in it."""
    url = addresses.postgres_url.rpartition("/")[0] + f"/{database}"
    with psycopg.connect(url, password=addresses.postgres_password, autocommit=True) as connection:
        try:
            for n, (kind, value) in enumerate(values.items()):
                connection.execute(f"create table leak_{n} (municipality text, value {kind})")  # type: ignore[arg-type]
                connection.execute(f"insert into leak_{n} values (%s, %s::{kind})", (code, value))  # type: ignore[arg-type]
            yield
        finally:
            for n in range(len(values)):
                connection.execute(f"drop table if exists leak_{n}")


def leaking_log(folder: Path, text: str) -> Path:
    """A line of a log in Shift JIS."""
    path = folder / "service.log"
    path.write_bytes(f"2026-04-01 {text}\n".encode("cp932"))
    return path


def leaking_files(folder: Path, name: str, value: str) -> list[Path]:
    """Files of a kind that a service writes, one for each encoding."""
    paths = []
    for encoding, leak in encoded(value).items():
        paths.append(folder / f"{encoding}-{name}")
        paths[-1].write_bytes(b'{"event": "' + leak + b'"}\n')
    return paths


def leaking_span(folder: Path, value: str) -> Path:
    """A span with an attribute."""
    path = folder / "spans.json"
    with path.open("w") as out:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
        with provider.get_tracer("test").start_as_current_span("poll") as span:
            span.set_attribute("about", value)
    return path


def leaking_metric(value: str) -> bytes:
    """What a service shows of a metric whose label it is."""
    registry = CollectorRegistry()
    Counter("reads", "Reads", ["person"], registry=registry).labels(value).inc()
    return generate_latest(registry)


async def leaking_answer(said: str) -> list[tuple[str, bytes]]:
    """The answer of a service that repeats in a refusal what it knows."""

    class Leaking(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()
            self.wfile.write(json.dumps({"detail": f"nobody lives at {said}"}).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

    server = HTTPServer(("127.0.0.1", 0), Leaking)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.server_port}") as client:
            return await answers(client, ["/"])
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
