"""The four services of the federation: their names, and what is derived from a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kumiai_local.layout import Layout


@dataclass(frozen=True)
class Service:
    """One service, by the name that stands in topics, tokens and peers."""

    name: str

    @property
    def module(self) -> str:
        """Started as `python -m <module>`."""
        return f"kumiai_{self.name.replace('-', '_')}"

    @property
    def database(self) -> str:
        return self.module

    @property
    def owner_role(self) -> str:
        """Owns the tables; only migrations use it."""
        return f"{self.database}_owner"

    @property
    def app_role(self) -> str:
        """What the service runs as: bound by row-level security."""
        return f"{self.database}_app"

    @property
    def principal(self) -> str:
        """Its user name at the broker."""
        return f"svc-{self.name}"

    @property
    def group_prefix(self) -> str:
        """Consumer groups start with this. The full stop at the end keeps `tax.` from matching `taxation.`."""
        return f"{self.name}."

    def kafka_password(self, layout: Layout) -> Path:
        return layout.secrets / f"kafka-{self.principal}"

    def role_password(self, layout: Layout, role: str) -> Path:
        return layout.secrets / f"postgres-{role}"

    def private_key(self, layout: Layout) -> Path:
        return layout.keys / f"{self.name}.pem"

    def public_key(self, layout: Layout) -> Path:
        return layout.keys / f"{self.name}.pub.pem"

    def vault_keys(self, layout: Layout) -> Path | None:
        """The key file of the vault, if this service has one; no other gets to know where it is."""
        return layout.secrets / "vault-keys.json" if self.name == "national-id-linkage" else None


SERVICES = tuple(Service(name) for name in ("membership", "resident-registry", "taxation", "national-id-linkage"))


class NetworkSimulator(Service):
    """The simulator of the national network: no service of ours, but a process beside them with a key of its own."""

    @property
    def module(self) -> str:
        return "kumiai_national_id_linkage.network_simulator"


NETWORK = NetworkSimulator("network")
LINKAGE = SERVICES[-1]
