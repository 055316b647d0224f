"""Settings of a service: typed environment variables with the prefix KUMIAI_; secrets come only from files."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What a service must be told. Nothing here has a secret default."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    kafka_bootstrap: str
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    kafka_username: str
    kafka_password_file: Path
    kafka_ca_file: Path | None = None

    database_url: str
    """PostgreSQL URL of the service's own role, without a password."""
    database_password_file: Path
    database_pool_size: int = 10

    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)

    key_file: Path
    """The service's Ed25519 private key (PEM, PKCS #8): signs checkpoints and token requests."""
    trusted_keys_dir: Path
    """Public keys of the services, `<service>.pub.pem`."""
    peers: Annotated[dict[str, str], NoDecode]
    """Base address of each service, as `name=http://host:port` separated by commas."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    poll_max_records: int = Field(default=500, ge=1)
    """The most records in one transaction."""
    head_poll_seconds: float = Field(default=2.0, gt=0)
    """How often the producers are asked for their heads."""
    checkpoint_seconds: float = Field(default=5.0, gt=0)
    """How often a moved head is signed."""
    relay_shards: int = Field(default=8, ge=1)
    kept_notice_days: int = Field(default=90, ge=1)
    """How long refused notices are kept, encrypted; our own choice."""
    access_record_years: int = Field(default=7, ge=7)
    """保存期間 of access records (`access_retention`)."""
    retention_look_seconds: float = Field(default=3600.0, gt=0)
    """How often it is looked for records whose time of keeping is over."""

    @field_validator("peers", mode="before")
    @classmethod
    def _split_peers(cls, value: object) -> object:
        if isinstance(value, str):
            return dict(part.strip().split("=", 1) for part in value.split(",") if part.strip())
        return value


class MigrationSettings(BaseSettings):
    """What `kumiai migrate` must be told: the role that owns the tables, which no service ever has."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    database_owner_url: str
    database_owner_password_file: Path


def read_secret(path: Path) -> str:
    """The secret in a file, without the line end. Raises OSError if it can't be read."""
    return path.read_text().strip()
