"""The stack where a Docker daemon answers: the official images, configured like the native stack.

Containers run as the invoking user (or as `nobody` for root) on folders of the stack, so that data lives in the same
place and `make clean` can remove it. A label names the stack's folder, by which a
later start finds what a killed run left.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from kumiai_local.addresses import Mode
from kumiai_local.broker import START_S
from kumiai_local.broker_settings import ADMIN, BrokerSettings
from kumiai_local.container_ending import LABEL, STOP_S, config_folder, label
from kumiai_local.database import SETTINGS, SUPERUSER, accepts
from kumiai_local.errors import MissingRequirement, StackError
from kumiai_local.owned import OwnedStack, Server
from kumiai_local.ports import answers, pause_until
from kumiai_local.progress import step
from kumiai_local.secret_files import write_private
from kumiai_local.stack import Part
from kumiai_local.unprivileged import give, hand_over, unprivileged_user

KAFKA_IMAGE = "apache/kafka:4.3.0"
POSTGRES_IMAGE = "postgres:18"


class ContainerServer:
    """A broker or a database in a container; port and data stay the same over `kill` and `start`."""

    def __init__(self, container: DockerContainer, serves: Callable[[], bool]) -> None:
        self._container = container
        self._serves = serves
        self._created = False

    def start(self) -> None:
        """Start it and wait until it serves."""
        if self._created:
            self._wrapped.start()
        else:
            self._container.start()
            self._created = True
        deadline = time.monotonic() + START_S
        while not self._serves():
            self._wrapped.reload()
            if self._wrapped.status not in {"created", "running"} or not pause_until(deadline):
                end = self._wrapped.logs(tail=15).decode(errors="replace")
                raise StackError(f"the container of {self._container.image} did not start:\n{end}")

    def stop(self) -> None:
        self._wrapped.stop(timeout=STOP_S)

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        self._wrapped.kill()

    def pause(self) -> None:
        """The cgroup freezer: what SIGSTOP does to a process."""
        self._wrapped.pause()

    def resume(self) -> None:
        self._wrapped.unpause()

    @property
    def _wrapped(self) -> Any:
        return self._container.get_wrapped_container()


class ContainerStack(OwnedStack):
    """Needs a Docker daemon on this machine."""

    mode: Mode = "containers"

    def require(self) -> None:
        try:
            docker.from_env().ping()
        except DockerException:
            raise MissingRequirement(
                "start Docker, or install Java 17 with Maven and set KUMIAI_STACK=native"
            ) from None

    def servers(self, kafka_port: int, controller_port: int, postgres_port: int) -> Mapping[Part, Server]:
        # The warden ends the containers of a dead owner; the library's own reaper would need one more image.
        testcontainers_config.ryuk_disabled = True
        kafka_admin, controller, postgres_admin = self.admin_passwords()
        settings = BrokerSettings(
            port=kafka_port,
            controller_port=controller_port,
            data="/data/kafka",
            admin_password=kafka_admin,
            controller_password=controller,
            listen="0.0.0.0",  # noqa: S104  inside the container; published on the loopback address only
        )
        with step("Fetching the images"):
            kafka = self._kafka(settings)
            postgres = self._postgres(postgres_port, postgres_admin)
        return {
            "kafka": ContainerServer(kafka, lambda: answers(kafka_port)),
            "postgres": ContainerServer(postgres, lambda: accepts(postgres_port, postgres_admin)),
        }

    def _kafka(self, settings: BrokerSettings) -> DockerContainer:
        config = self._config("kafka")
        for name, text in {"server.properties": settings.properties(), "start.sh": _kafka_script(settings)}.items():
            write_private(config / name, text.encode())
            hand_over(config / name)
        return self._container(KAFKA_IMAGE, "kafka", settings.port, settings.port, config).with_command(
            ["bash", "/config/start.sh"]
        ).with_env("LOG_DIR", "/data/logs").with_env("KAFKA_HEAP_OPTS", "-Xms512m -Xmx512m")  # fmt: skip

    def _postgres(self, port: int, superuser_password: str) -> DockerContainer:
        config = self._config("postgres")
        write_private(config / "password", superuser_password.encode())
        hand_over(config / "password")
        settings = {**SETTINGS, "listen_addresses": "*"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        container = self._container(POSTGRES_IMAGE, "postgres", 5432, port, config).with_command(["postgres", *options])
        for name, value in {
            "POSTGRES_USER": SUPERUSER,
            "POSTGRES_DB": "postgres",
            "POSTGRES_PASSWORD_FILE": "/config/password",
            "POSTGRES_INITDB_ARGS": "--locale-provider=builtin --locale=C.UTF-8 --encoding=UTF8",
            "POSTGRES_HOST_AUTH_METHOD": "scram-sha-256",
            "PGDATA": "/data/postgres",
        }.items():
            container = container.with_env(name, value)
        return container

    def _container(self, image: str, name: str, inside: int, outside: int, config: Path) -> DockerContainer:
        data = self.layout.data / f"container-{name}"
        give(data)
        uid, gid = unprivileged_user() or (os.getuid(), os.getgid())
        published: Any = ("127.0.0.1", outside)  # the client library takes an address, its wrapper's types do not know
        return (
            DockerContainer(image)
            .with_bind_ports(inside, published)
            .with_volume_mapping(str(data), "/data", "rw")
            .with_volume_mapping(str(config), "/config", "ro")
            .with_kwargs(user=f"{uid}:{gid}", labels={LABEL: label(self.layout)}, stop_signal=_stop_signal(name))
        )

    def _config(self, name: str) -> Path:
        folder = config_folder(self.layout) / name
        folder.parent.mkdir(exist_ok=True)
        give(folder)
        return folder


def _stop_signal(name: str) -> str:
    return "SIGINT" if name == "postgres" else "SIGTERM"


def _kafka_script(settings: BrokerSettings) -> str:
    """The image's own start cannot make a first SCRAM user, so storage is formatted here, once."""
    scram = f"SCRAM-SHA-256=[name={ADMIN},password={settings.admin_password}]"
    return f"""set -e
mkdir -p "$LOG_DIR"
if [ ! -e /data/formatted ]; then
  rm -rf {settings.data}
  bin=/opt/kafka/bin
  $bin/kafka-storage.sh format --cluster-id "$($bin/kafka-storage.sh random-uuid)" \\
    --config /config/server.properties --add-scram '{scram}'
  touch /data/formatted
fi
exec /opt/kafka/bin/kafka-server-start.sh /config/server.properties
"""
