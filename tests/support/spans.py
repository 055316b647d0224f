"""Services that write every span they make into a file while a test runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from kumiai_local.layout import checkout
from kumiai_local.worker import Worker

TRACING = checkout() / "tests" / "support" / "tracing"


@asynccontextmanager
async def traced(workers: Sequence[Worker], path: Path) -> AsyncIterator[Path]:
    """The workers write their spans into this file; afterwards they run as before."""
    await asyncio.to_thread(path.touch)
    await _again(workers, path)
    yield path
    await _again(workers, None)


async def _again(workers: Sequence[Worker], path: Path | None) -> None:
    await asyncio.gather(*[asyncio.to_thread(worker.stop) for worker in workers])
    for worker in workers:
        path_of = os.pathsep.join([str(TRACING), worker.settings.env.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        worker.start({"PYTHONPATH": path_of, "KUMIAI_TEST_SPANS": str(path)} if path else None)
    for worker in workers:
        await asyncio.to_thread(worker.wait_ready)
