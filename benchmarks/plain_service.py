"""The comparison: the same work as a plain FastStream service does it, as its own tutorial would have it.

One message, one transaction, publish after the commit; a second service consumes and inserts. There is no log, no
receipt, no order, and a crash between commit and publish loses the event: it shows what the ground costs or saves, not
what to use.
Started as `python -m benchmarks.plain_service registry|taxation`, with its settings in the environment.
"""

import asyncio
import json
import os
import sys
from typing import Any

import asyncpg
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram256
from kumiai_contracts.registry import NOTICES, parse_notice

NOTICES_TOPIC = "plain.{}.{}.notices"
"""By run and municipality."""
EVENTS_TOPIC = "plain.{}.{}.events"
SCHEMA = """
create table resident (municipality text, id text, body jsonb not null, primary key (municipality, id));
alter table resident enable row level security;
alter table resident force row level security;
create policy own on resident
  using (municipality = any((select current_setting('app.municipalities', true)::text[])::text[]));
"""
SET_MUNICIPALITY = "select set_config('app.municipalities', $1, true)"
INSERT = "insert into resident values ($1, $2, $3) on conflict (municipality, id) do update set body = excluded.body"


def main(role: str) -> None:
    """Run one of the two services until SIGTERM."""
    run = os.environ["PLAIN_RUN"]
    broker = KafkaBroker(
        os.environ["PLAIN_BOOTSTRAP"],
        security=SASLScram256(os.environ["PLAIN_USERNAME"], os.environ["PLAIN_PASSWORD"], use_ssl=False),
        logger=None,
        acks="all",
        enable_idempotence=True,
    )
    pool: Any = None

    async def store(municipality: str, id_: str, body: bytes) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(SET_MUNICIPALITY, "{" + municipality + "}")
            await connection.execute(INSERT, municipality, id_, body.decode())

    def reads(topic: str) -> Any:
        return broker.subscriber(
            pattern=topic.replace(".", r"\.").format(run, "[0-9]*"),
            group_id=f"plain-{run}-{role}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
        )

    if role == "registry":

        @reads(NOTICES_TOPIC)  # type: ignore[untyped-decorator]
        async def take_notice(body: Any, message: KafkaMessage) -> None:
            notice = parse_notice(NOTICES[message.headers["ce_type"]], message.body)
            municipality = message.headers["ce_municipality"]
            event = json.dumps({"type": notice.type, **notice.model_dump(mode="json")}, ensure_ascii=False).encode()
            await store(municipality, message.headers["ce_id"], event)
            await broker.publish(event, EVENTS_TOPIC.format(run, municipality), headers=message.headers)

    else:

        @reads(EVENTS_TOPIC)  # type: ignore[untyped-decorator]
        async def take_event(body: Any, message: KafkaMessage) -> None:
            await store(message.headers["ce_municipality"], message.headers["ce_id"], message.body)

    app = FastStream(broker, logger=None)

    @app.on_startup
    async def connect() -> None:
        nonlocal pool
        pool = await asyncpg.create_pool(
            os.environ["PLAIN_DATABASE_URL"], password=os.environ["PLAIN_DATABASE_PASSWORD"]
        )

    asyncio.run(app.run())


if __name__ == "__main__":
    main(sys.argv[1])
