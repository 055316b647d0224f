"""The vault's settings: where its keys are. There is no default, and no key in the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class VaultSettings(BaseSettings):
    """What the vault must be told, besides what every service must."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_VAULT_", frozen=True)

    key_file: Path
    """JWK Set with the wrapping and the receiving keys, mode 0600; see docs/operators/vault-keys.md."""
    key_file_readable_by_others: bool = False
    """Only where a container sees the mode of a host's file whose folder is closed to others, as with Compose."""
