"""Migrations of the services' databases, each in a process of its own with the owner's role, which no service has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from kumiai_local.addresses import StackAddresses
from kumiai_local.errors import StackError
from kumiai_local.layout import Layout
from kumiai_local.services import Service


def migrate(addresses: StackAddresses, layout: Layout, services: Iterable[Service]) -> None:
    """Bring every database to the code's version, all at once.

    Raises:
        StackError: with the end of the log of a migration that failed.
    """
    running = [(service, _migration(addresses, layout, service)) for service in services]
    failed = [service for service, process in running if process.wait() != 0]
    for service in failed:
        log = _log(layout, service)
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise StackError(f"the migration of {service.name} failed; {log} ends with\n{end}")


def _migration(addresses: StackAddresses, layout: Layout, service: Service) -> subprocess.Popen[bytes]:
    role = service.owner_role
    env = {
        **os.environ,
        "KUMIAI_DATABASE_OWNER_URL": addresses.postgres_url_of(role, service.database),
        "KUMIAI_DATABASE_OWNER_PASSWORD_FILE": str(service.role_password(layout, role)),
    }
    with _log(layout, service).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "kumiai_common.migrate", service.name],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _log(layout: Layout, service: Service) -> Path:
    return layout.logs / f"{service.name}-migrate.log"
