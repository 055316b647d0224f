"""What the native stack and the container stack share: ownership of the folder, the start and stop of two parts.

Both parts start at once, each in a thread of its own: while Kafka's JVM warms up, the databases are made.
"""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Protocol

from kumiai_local.addresses import Mode, StackAddresses
from kumiai_local.broker_settings import ADMIN
from kumiai_local.database import SUPERUSER
from kumiai_local.errors import StackError
from kumiai_local.layout import Layout
from kumiai_local.ownership import Ownership, end_everything
from kumiai_local.ports import LOOPBACK, free_ports
from kumiai_local.progress import step
from kumiai_local.provision import make_keys, prepare_broker, prepare_database
from kumiai_local.secret_files import password
from kumiai_local.stack import Part, Stack, StackControl

NAMES: Mapping[Part, str] = {"postgres": "PostgreSQL", "kafka": "Kafka"}


class Server(Protocol):
    """A broker or a database, as a process or as a container."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class ServerControl:
    """`StackControl` over the two servers."""

    def __init__(self, servers: Mapping[Part, Server]) -> None:
        self._servers = servers

    def kill(self, part: Part) -> None:
        self._servers[part].kill()

    def start(self, part: Part) -> None:
        self._servers[part].start()

    def stop(self, part: Part) -> None:
        self._servers[part].stop()

    def restart(self, part: Part) -> None:
        self._servers[part].stop()
        self._servers[part].start()

    def pause(self, part: Part) -> None:
        self._servers[part].pause()

    def resume(self, part: Part) -> None:
        self._servers[part].resume()


class OwnedStack(Stack):
    """A stack that we start and stop ourselves."""

    mode: Mode

    def __init__(self, layout: Layout, *, fresh: bool = False, prepared: bool = False) -> None:
        """With `fresh`, data, passwords and keys of earlier runs are removed at the start, once the folder is ours."""
        super().__init__(layout, prepared=prepared)
        self._fresh = fresh
        self._addresses: StackAddresses | None = None
        self._servers: Mapping[Part, Server] = {}

    @property
    def addresses(self) -> StackAddresses:
        if self._addresses is None:
            raise StackError("the stack has not been started")
        return self._addresses

    @property
    def control(self) -> StackControl:
        return ServerControl(self._servers)

    def start(self) -> StackAddresses:
        """Start database and broker; what a killed run left is ended first. Undone in order when a part fails."""
        self.require()
        self._ownership = Ownership(self.layout)
        try:
            if self._fresh:
                for folder in (self.layout.data, self.layout.secrets, self.layout.keys):
                    shutil.rmtree(folder)
                self.layout.prepare()
            kafka_port, controller_port, postgres_port = free_ports(3)
            self._servers = self.servers(kafka_port, controller_port, postgres_port)
            addresses = self._addresses_of(kafka_port, postgres_port)
            with step(f"Starting {' and '.join(NAMES[part] for part in NAMES if part in self._servers)}"):
                self._start_parts(addresses)
        except BaseException:
            self.stop()
            raise
        addresses.write(self.layout.stack_file)
        self._addresses = addresses
        return addresses

    def admin_passwords(self) -> tuple[str, str, str]:
        """Of Kafka's super user, of Kafka's controller, and of PostgreSQL's superuser."""
        secrets = self.layout.secrets
        return (
            password(secrets / "kafka-admin"),
            password(secrets / "kafka-controller"),
            password(secrets / "postgres-admin"),
        )

    def _start_parts(self, addresses: StackAddresses) -> None:
        with ThreadPoolExecutor() as threads:
            starting = [threads.submit(self._start_part, part, addresses) for part in self._servers]
            if self._prepared:
                starting.append(threads.submit(make_keys, self.layout))
            try:
                for started in as_completed(starting):
                    started.result()
            except BaseException:
                end_everything(self.layout)  # so that the other one does not wait for a process that will not be
                raise

    def _start_part(self, part: Part, addresses: StackAddresses) -> None:
        self._servers[part].start()
        if self._prepared:
            prepare = {"kafka": prepare_broker, "postgres": prepare_database}[part]
            prepare(addresses, self.layout)

    def _addresses_of(self, kafka_port: int, postgres_port: int) -> StackAddresses:
        secrets = self.layout.secrets
        return StackAddresses(
            mode=self.mode,
            kafka_bootstrap=f"{LOOPBACK}:{kafka_port}",
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_username=ADMIN,
            kafka_password_file=secrets / "kafka-admin",
            postgres_url=f"postgresql://{SUPERUSER}@{LOOPBACK}:{postgres_port}/postgres",
            postgres_password_file=secrets / "postgres-admin",
        )

    @abstractmethod
    def require(self) -> None:
        """Raises MissingRequirement with one line when this machine lacks something."""

    @abstractmethod
    def servers(self, kafka_port: int, controller_port: int, postgres_port: int) -> Mapping[Part, Server]:
        """The two servers, not started."""
