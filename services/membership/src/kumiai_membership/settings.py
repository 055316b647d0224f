"""Settings that only membership has; the rest is the ground's."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MembershipSettings(BaseSettings):
    """What membership must be told besides the ground's settings."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    operator_keys_dir: Path | None = None
    """Public keys of the first operators, `<party>.pub.pem`; read at start, and only for parties not known yet."""
    acknowledgement_wait_days: int = Field(default=14, ge=0, le=366)
    """From when an acknowledgement key may be used that was not given at joining; see docs/architecture/leaving.md."""
    backup_days: int = Field(default=35, ge=0)
    """How long backups and write-ahead logs of the databases are kept, as the operators have set it: the certificate of
    erasure says so."""
    reconcile_seconds: float = Field(default=300.0, gt=0)
    """How often all topics and rights are made right, besides after every change."""
