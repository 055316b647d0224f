"""Makes what the services find at their start on a Kafka and a PostgreSQL that run elsewhere; may be repeated.

`provision.py databases broker` makes both; on Kubernetes CloudNativePG makes the databases and only `broker` is left.
Every password is a file in KUMIAI_SECRETS_DIR, named as the local stack names it: `kafka-svc-taxation`,
`postgres-kumiai_taxation_owner`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.provision_broker import provision_broker
from kumiai_local.provision_database import provision_databases
from kumiai_local.services import SERVICES
from pydantic_settings import BaseSettings, SettingsConfigDict

PARTS = ("databases", "broker")


class SetupSettings(BaseSettings):
    """Where to do it, and as whom. Nothing secret has a default."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    secrets_dir: Path
    kafka_bootstrap: str
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    kafka_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-256"
    """The administrator's; the services' users are always SCRAM-SHA-256."""
    kafka_username: str
    kafka_password_file: Path
    kafka_ca_file: Path | None = None
    postgres_url: str = ""
    """Superuser's URL without password; only for `databases`."""
    postgres_password_file: Path = Path()


@dataclass(frozen=True)
class Secrets(Layout):
    """A folder that holds nothing but password files."""

    @property
    def secrets(self) -> Path:
        """All the passwords; each of them exists already, so none is made here."""
        return self.root


@dataclass(frozen=True)
class Addresses(StackAddresses):
    """A stack whose administrator may log in with the longer hash, as Strimzi's users do."""

    mechanism: str = "SCRAM-SHA-256"

    def kafka_client_as(self, username: str, password: str) -> dict[str, str]:
        """A principal's settings for a librdkafka client."""
        return {**super().kafka_client_as(username, password), "sasl.mechanism": self.mechanism}


def main(parts: list[str]) -> None:
    """Make the parts named on the command line."""
    if not parts or not set(parts) <= set(PARTS):
        sys.exit(f"usage: provision.py [{'|'.join(PARTS)}]...")
    settings = SetupSettings()
    addresses = Addresses(
        mode="external",
        mechanism=settings.kafka_mechanism,
        **settings.model_dump(exclude={"secrets_dir", "kafka_mechanism"}),
    )
    where = Secrets(settings.secrets_dir)
    if "databases" in parts:
        provision_databases(addresses, where, SERVICES)
    if "broker" in parts:
        provision_broker(addresses, where, SERVICES)
    print("provisioned:", " ".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
