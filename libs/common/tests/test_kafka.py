"""Clients of Kafka end whatever state they are in."""

import asyncio

from kumiai_common.kafka import stop


class Consumer:
    """A consumer that fails to stop, as aiokafka's does while Kafka refuses connections."""

    def __init__(self, failure: BaseException | None) -> None:
        self._failure = failure
        self._client = self
        self.closed = False

    async def stop(self) -> None:
        """Close what is open, but for a failure before that."""
        if self._failure is not None:
            raise self._failure
        self.closed = True

    async def close(self) -> None:
        """Close the connections."""
        self.closed = True


async def test_what_a_consumer_raises_while_it_stops_ends_nobody_else_and_leaves_nothing_open() -> None:
    for failure in (None, asyncio.CancelledError(), OSError("gone")):
        consumer = Consumer(failure)
        await stop(consumer)
        assert consumer.closed
    task = asyncio.current_task()
    assert task is not None and not task.cancelling()
