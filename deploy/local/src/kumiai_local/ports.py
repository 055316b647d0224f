"""Free TCP ports on the loopback address."""

from __future__ import annotations

import contextlib
import random
import socket
import time

from kumiai_local.errors import StackError

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes the ports of outgoing connections (32768 and up): a client that keeps
# knocking at a stopped broker could otherwise be given the broker's own port and hold it when the broker comes back.
FIRST, LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A port on which nothing listens and which is not in `taken`."""
    for _ in range(1000):
        port = random.randrange(FIRST, LAST)
        if port not in taken and is_free(port):
            return port
    raise StackError(f"no free TCP port between {FIRST} and {LAST} on {LOOPBACK}")


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different free ports."""
    chosen: frozenset[int] = frozenset()
    while len(chosen) < count:
        chosen |= {free_port(chosen)}
    return tuple(chosen)


def answers(port: int, host: str = LOOPBACK, timeout_s: float = 0.5) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=timeout_s):
        return True
    return False


def pause_until(deadline: float, every_s: float = 0.05) -> bool:
    """Sleep a moment; false when `deadline` (monotonic seconds) has passed."""
    time.sleep(every_s)
    return time.monotonic() < deadline
