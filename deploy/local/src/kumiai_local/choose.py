"""Which kind of stack this machine gets."""

from __future__ import annotations

import os
import socket
from typing import get_args
from urllib.parse import urlsplit

from kumiai_local.addresses import Mode
from kumiai_local.errors import StackError
from kumiai_local.layout import Layout, default_layout
from kumiai_local.stack import Stack


def chosen_mode() -> Mode:
    """`KUMIAI_STACK`; else containers where a Docker daemon answers, else native."""
    configured = os.environ.get("KUMIAI_STACK", "")
    modes: tuple[Mode, ...] = get_args(Mode)
    for mode in modes:
        if configured == mode:
            return mode
    if configured:
        raise StackError(f"KUMIAI_STACK={configured}: must be one of {', '.join(modes)}")
    return "containers" if daemon_answers() else "native"


def daemon_answers() -> bool:
    """Whether a Docker daemon accepts connections at `DOCKER_HOST` or its usual socket."""
    where = urlsplit(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    try:
        if where.scheme == "unix":
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.settimeout(1.0)
                probe.connect(where.path)
        else:
            socket.create_connection((where.hostname or "", where.port or 2375), timeout=1.0).close()
    except OSError:
        return False
    return True


def new_stack(
    layout: Layout | None = None, mode: Mode | None = None, *, fresh: bool = False, prepared: bool = False
) -> Stack:
    """A stack of the chosen kind in this folder (default: the checkout's `.local`), not started.

    With `fresh` it starts on empty data; a stack that is not ours keeps what it has. With `prepared` it has, once it is
    started, what the services need: databases with their tables, users, rights and keys.
    """
    where = layout or default_layout()
    match mode or chosen_mode():
        case "native":
            from kumiai_local.native import NativeStack

            return NativeStack(where, fresh=fresh, prepared=prepared)
        case "containers":
            from kumiai_local.containers import ContainerStack

            return ContainerStack(where, fresh=fresh, prepared=prepared)
        case "external":
            from kumiai_local.external import ExternalStack

            return ExternalStack(where, prepared=prepared)
