"""The four services as processes: environment, migrations, start in parallel, readiness, supervision."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout, default_layout
from kumiai_local.migrations import migrate
from kumiai_local.ports import LOOPBACK, free_ports
from kumiai_local.progress import step
from kumiai_local.provision import provision_services
from kumiai_local.secret_files import write_private
from kumiai_local.services import LINKAGE, NETWORK, SERVICES, Service
from kumiai_local.worker import Worker, WorkerSettings

LOOK_EVERY_S = 0.5


class ServiceProcesses:
    """The services on a running stack. `workers["taxation"][0]` is the one that its peers ask over HTTP."""

    def __init__(
        self,
        addresses: StackAddresses,
        layout: Layout | None = None,
        *,
        services: Sequence[Service] = SERVICES,
        workers: int = 1,
        extra_env: Mapping[str, str] | None = None,
        prepared: bool = False,
    ) -> None:
        """Nothing starts yet. `extra_env` is added to every service's environment; with `prepared`, the stack has been
        started with databases, users, rights and keys for these services.
        """
        self.layout = (layout or default_layout()).prepare()
        self._addresses = addresses
        self._services = tuple(services)
        self._extra_env = dict(extra_env or {})
        self._prepared = prepared
        *service_ports, network_port = free_ports(len(self._services) * workers + 1)
        ports = iter(service_ports)
        self.network_url = f"http://{LOOPBACK}:{network_port}"
        port_of = {(service, number): next(ports) for service in self._services for number in range(1, workers + 1)}
        self.peers = {service.name: f"http://{LOOPBACK}:{port_of[service, 1]}" for service in self._services}
        self.workers: dict[str, list[Worker]] = {
            service.name: [
                Worker(
                    self.layout,
                    WorkerSettings(
                        service, number, port_of[service, number], self._env(service, port_of[service, number])
                    ),
                )
                for number in range(1, workers + 1)
            ]
            for service in self._services
        }
        settings = WorkerSettings(NETWORK, 1, network_port, self._network_env(network_port))
        self.network = Worker(self.layout, settings) if LINKAGE in self._services else None
        """The simulator of the national network, if there is a service that needs one."""

    def __getitem__(self, service: str) -> Worker:
        """The first worker of a service."""
        return self.workers[service][0]

    def __iter__(self) -> Iterator[Worker]:
        return (worker for workers in self.workers.values() for worker in workers)

    @property
    def _processes(self) -> list[Worker]:
        """The services, and what they need beside the stack."""
        return [*self, *([self.network] if self.network else [])]

    def start(self) -> None:
        """Provision, migrate, start every worker, wait until all are ready, write `run/federation.json`."""
        self.begin()
        with step("Starting the services"):
            self.wait_ready()

    def begin(self) -> None:
        """Provision, migrate, start every worker; whoever needs one that is ready waits for it."""
        if not self._prepared:
            provision_services(self._addresses, self.layout, self._services)
            self.migrate()
        for worker in self._processes:
            worker.start()

    def wait_ready(self) -> None:
        """Wait until all are ready, and write `run/federation.json`. Raises StackError for one that is not."""
        for worker in self._processes:
            worker.wait_ready()
        self.write()

    def stop(self) -> None:
        """SIGTERM to each, in parallel; also forgets those that had crashed."""
        stopping = [threading.Thread(target=worker.stop) for worker in self._processes if worker.started]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        (self.layout.run / "federation.json").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def begun(self) -> Iterator[Self]:
        """The block runs while the services start; `wait_ready` within it tells when they have."""
        try:
            self.begin()
            yield self
        finally:
            self.stop()

    def migrate(self) -> None:
        """Bring every database to the code's version, with the owner's role.

        Raises:
            StackError: with the end of the log of a migration that failed.
        """
        with step("Migrating the databases"):
            migrate(self._addresses, self.layout, self._services)

    def watch_once(self) -> list[str]:
        """Start crashed workers again whose pause is over; returns their names."""
        restarted = [worker.name for worker in self._processes if worker.restart_if_crashed()]
        if restarted:
            self.write()
        return restarted

    @contextmanager
    def supervised(self) -> Iterator[None]:
        """Restart crashed workers while the block runs, as Kubernetes would."""
        done = threading.Event()

        def look() -> None:
            while not done.wait(LOOK_EVERY_S):
                self.watch_once()

        watcher = threading.Thread(target=look, name="supervisor")
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def write(self) -> Path:
        """Addresses and process ids, for people and for other programs on this machine."""
        path = self.layout.run / "federation.json"
        services = {
            name: [{"url": worker.url, "pid": worker.pid, "log": str(worker.log)} for worker in workers if worker.alive]
            for name, workers in self.workers.items()
        }
        content = {
            "peers": self.peers,
            "kafka_bootstrap": self._addresses.kafka_bootstrap,
            **({"network": self.network_url} if self.network else {}),
            "keys": str(self.layout.keys),
            "secrets": str(self.layout.secrets),
            "services": services,
        }
        write_private(path, json.dumps(content, indent=2).encode())
        return path

    def _env(self, service: Service, port: int) -> dict[str, str]:
        """All of a service's settings; nothing of them has a default in the code."""
        role, addresses = service.app_role, self._addresses
        own = {
            "KUMIAI_KAFKA_BOOTSTRAP": addresses.kafka_bootstrap,
            "KUMIAI_KAFKA_SECURITY_PROTOCOL": addresses.kafka_security_protocol,
            "KUMIAI_KAFKA_USERNAME": service.principal,
            "KUMIAI_KAFKA_PASSWORD_FILE": str(service.kafka_password(self.layout)),
            "KUMIAI_DATABASE_URL": addresses.postgres_url_of(role, service.database),
            "KUMIAI_DATABASE_PASSWORD_FILE": str(service.role_password(self.layout, role)),
            "KUMIAI_HTTP_HOST": LOOPBACK,
            "KUMIAI_HTTP_PORT": str(port),
            "KUMIAI_KEY_FILE": str(service.private_key(self.layout)),
            "KUMIAI_TRUSTED_KEYS_DIR": str(self.layout.keys),
            "KUMIAI_OPERATOR_KEYS_DIR": str(self.layout.operators),
            "KUMIAI_PEERS": ",".join(f"{name}={url}" for name, url in self.peers.items()),
        }
        if service == LINKAGE:
            own["KUMIAI_NETWORK_URL"] = self.network_url
            own["KUMIAI_LINKAGE_CODE_KEY_FILE"] = str(self.layout.linkage_code_key)
        if (vault_keys := service.vault_keys(self.layout)) is not None:
            own["KUMIAI_VAULT_KEY_FILE"] = str(vault_keys)
        if addresses.kafka_ca_file:
            own["KUMIAI_KAFKA_CA_FILE"] = str(addresses.kafka_ca_file)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KUMIAI_STACK_")}
        return {"KUMIAI_LOG_LEVEL": "INFO", **inherited, **own, **self._extra_env}

    def _network_env(self, port: int) -> dict[str, str]:
        """What the network's simulator is told."""
        own = {
            "KUMIAI_NETWORK_KEY_FILE": str(NETWORK.private_key(self.layout)),
            "KUMIAI_NETWORK_FEDERATION_KEY_FILE": str(LINKAGE.public_key(self.layout)),
            "KUMIAI_NETWORK_REGISTER_FILE": str(self.layout.data / "network-register.jsonl"),
            "KUMIAI_NETWORK_HTTP_HOST": LOOPBACK,
            "KUMIAI_NETWORK_HTTP_PORT": str(port),
        }
        return {**{name: value for name, value in os.environ.items() if not name.startswith("KUMIAI_")}, **own}
