"""Settings that only the linkage service has; the rest is the ground's."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LinkageSettings(BaseSettings):
    """What the service must be told besides the ground's settings."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_", frozen=True)

    trusted_keys_dir: Path
    """Where `network.pub.pem` lies: the network's public key. Without it nothing that the network delivers is taken."""
    linkage_code_key_file: Path
    """The key of the 機関別符号: 64 hexadecimal digits. It can't be changed while anybody has a code."""
    network_url: str = ""
    """Base address of the national network or its simulator; empty where there is none."""
    network_poll_seconds: float = Field(default=0.5, gt=0)
    """How often the network is asked when nothing came."""
    network_resend_seconds: float = Field(default=300.0, gt=0)
    """How long an inquiry waits for its answer before it is sent again, under the same number."""
