"""Where the local stack keeps its files: everything below one folder, so that removing it removes all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def checkout() -> Path:
    """The checkout this package was installed from (editable), or `KUMIAI_HOME`."""
    home = os.environ.get("KUMIAI_HOME")
    return Path(home).resolve() if home else Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Layout:
    """The folders of one local stack. Two stacks with different roots do not touch each other."""

    root: Path

    @property
    def data(self) -> Path:
        """What Kafka and PostgreSQL store."""
        return self.root / "data"

    @property
    def run(self) -> Path:
        """Addresses, process records, the lock."""
        return self.root / "run"

    @property
    def stack_file(self) -> Path:
        """Where the running stack is reached; there while it runs."""
        return self.run / "stack.json"

    @property
    def processes(self) -> Path:
        """One record per process that is running, or was when its owner was killed."""
        return self.run / "processes"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """Generated passwords, one file each, readable by their owner only."""
        return self.root / "secrets"

    @property
    def keys(self) -> Path:
        """The services' Ed25519 keys; `<service>.pub.pem` is the public half."""
        return self.root / "keys"

    @property
    def linkage_code_key(self) -> Path:
        """The key of the 機関別符号."""
        return self.keys / "linkage-codes.key"

    @property
    def operators(self) -> Path:
        """The operators' Ed25519 keys, `operator.pem` being the first one's."""
        return self.keys / "operators"

    def prepare(self) -> Layout:
        """Make the folders; the ones with passwords and keys are closed to others."""
        for folder in (self.data, self.processes, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.secrets, self.keys, self.operators):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        return self


def default_layout() -> Layout:
    """The stack of `make up` and `make demo`: `.local/` of the checkout, or `KUMIAI_LOCAL_DIR`."""
    configured = os.environ.get("KUMIAI_LOCAL_DIR")
    return Layout(Path(configured).resolve() if configured else checkout() / ".local")


def kafka_libs() -> Path:
    """Kafka's jars, shared by every stack of the checkout."""
    return checkout() / ".local" / "kafka-libs"
