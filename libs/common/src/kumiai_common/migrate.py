"""Migrations: plain SQL files, applied by yoyo with the owner's role. `python -m kumiai_common.migrate SERVICE`."""

import sys
from importlib import resources
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from kumiai_contracts.topics import READS, STREAM_OF
from yoyo import get_backend, read_migrations

from kumiai_common.settings import MigrationSettings, read_secret

_ALONE = "select pg_advisory_lock(hashtext('kumiai.migrations'))"
"""Waits for another run, and is gone with its connection; yoyo's own lock is a row, which outlives a killed process."""


def migrate(service: str, settings: MigrationSettings) -> list[str]:
    """Apply what is missing in a service's database, the ground first; returns the names of what was applied.

    The tables of a stream are the same for its owner and for everybody who reads it, so they stand here, once.
    """
    ground = _folder("kumiai_common")
    streams = [ground / "streams" / stream for stream in (STREAM_OF[service], *READS[service])]
    own = _folder("kumiai_" + service.replace("-", "_"))
    with get_backend(_with_password(settings)) as backend:
        migrations = read_migrations(*map(str, (ground / "ground", *streams, own)))
        with backend.transaction():
            backend.execute(_ALONE)
        backend.break_lock()  # of a run that was killed: one that lives would hold the other lock, too
        with backend.lock():
            waiting = backend.to_apply(migrations)
            backend.apply_migrations(waiting)
        return [migration.id for migration in waiting]


def _folder(package: str) -> Path:
    return Path(str(resources.files(package))) / "migrations"


def _with_password(settings: MigrationSettings) -> str:
    url = urlsplit(settings.database_owner_url)
    password = quote(read_secret(settings.database_owner_password_file), safe="")
    host = f"{url.username}:{password}@{url.hostname or ''}" + (f":{url.port}" if url.port else "")
    return urlunsplit(("postgresql+psycopg", host, url.path, url.query, ""))


def main() -> None:
    """Migrate the service named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m kumiai_common.migrate SERVICE")
    for name in migrate(sys.argv[1], MigrationSettings()):  # pyright: ignore[reportCallIssue]
        print("applied", name)


if __name__ == "__main__":
    main()
