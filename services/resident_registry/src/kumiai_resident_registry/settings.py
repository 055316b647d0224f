"""Settings that only the resident registry has; the rest is the ground's."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RegistrySettings(BaseSettings):
    """What the service may be told besides the ground's settings."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    overdue_look_seconds: float = Field(default=3600.0, gt=0)
    """How often it is looked for moves out that nobody has confirmed in time (転出未確定)."""
