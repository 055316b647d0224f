"""Where a running stack is reached, as a frozen value and as a file (`run/stack.json`)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from kumiai_local.secret_files import write_private

Mode = Literal["native", "containers", "external"]


@dataclass(frozen=True)
class StackAddresses:
    """The addresses of Kafka and PostgreSQL. Passwords are named by file, never held."""

    mode: Mode
    kafka_bootstrap: str
    """host:port of the SASL listener."""
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"]
    kafka_username: str
    """A super user, for provisioning and tests; services have principals of their own."""
    kafka_password_file: Path
    postgres_url: str
    """postgresql://user@host:port/postgres of a superuser, without the password."""
    postgres_password_file: Path
    kafka_ca_file: Path | None = None

    @property
    def kafka_password(self) -> str:
        return self.kafka_password_file.read_text().strip()

    @property
    def postgres_password(self) -> str:
        return self.postgres_password_file.read_text().strip()

    def kafka_client(self) -> dict[str, str]:
        """The super user's settings for a librdkafka client."""
        return self.kafka_client_as(self.kafka_username, self.kafka_password)

    def kafka_client_as(self, username: str, password: str) -> dict[str, str]:
        """A principal's settings for a librdkafka client."""
        settings = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security_protocol,
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.username": username,
            "sasl.password": password,
        }
        if self.kafka_ca_file:
            settings["ssl.ca.location"] = str(self.kafka_ca_file)
        return settings

    def postgres_url_of(self, role: str, database: str) -> str:
        """The URL, without password, of another role and database on the same server."""
        server = self.postgres_url.split("@", 1)[1].partition("/")[0]
        return f"postgresql://{role}@{server}/{database}"

    def write(self, path: Path) -> None:
        fields = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        write_private(path, json.dumps(fields, indent=2).encode())

    @classmethod
    def read(cls, path: Path) -> StackAddresses:
        """Raises FileNotFoundError when no stack has been started there."""
        fields: dict[str, Any] = json.loads(path.read_bytes())
        for name in ("kafka_password_file", "postgres_password_file", "kafka_ca_file"):
            fields[name] = Path(fields[name]) if fields[name] else None
        return cls(**fields)
