"""Runs the plain comparison on the same stack: two services, the same notices, until the last is inserted twice."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import asyncpg
from confluent_kafka.admin import AdminClient, NewTopic
from kumiai_local.addresses import StackAddresses

from benchmarks.plain_service import EVENTS_TOPIC, NOTICES_TOPIC, SCHEMA
from benchmarks.publisher import Broker, publish
from benchmarks.town import Town

ROLES = ("registry", "taxation")
USER, PASSWORD = "plain_bench", "plain_bench"  # noqa: S105 - a role of the benchmark's own throw-away databases
PATIENCE_SECONDS = 120.0
WARM_UP = 60


def measure(addresses: StackAddresses, municipalities: Sequence[str], notices: int, run: int) -> float:
    """Notices per second, end to end, through the two plain services."""
    return asyncio.run(_measure(addresses, municipalities, notices, run))


async def _measure(addresses: StackAddresses, municipalities: Sequence[str], notices: int, run: int) -> float:
    admin = await asyncpg.connect(addresses.postgres_url, password=addresses.postgres_password)
    await _fresh(addresses, admin)
    _make_topics(addresses, municipalities)
    each = max(notices // len(municipalities), 1)
    warm_up = max(WARM_UP // len(municipalities), 1)
    towns = [Town(f"{code}", seed=run) for code in municipalities]
    try:
        with ExitStack() as stack:
            for role in ROLES:
                stack.enter_context(_service(addresses, role))
            await _publish(addresses, towns, warm_up, run)
            await _until(addresses, warm_up * len(towns))
            load = {NOTICES_TOPIC.format(town.municipality): town.records(each) for town in towns}
            began = time.perf_counter()
            await publish(Broker.of(addresses), load)
            await _until(addresses, (warm_up + each) * len(towns))
            return each * len(towns) / (time.perf_counter() - began)
    finally:
        await admin.close()
