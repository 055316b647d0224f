"""A stack that somebody else runs; its addresses come from settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kumiai_local.addresses import StackAddresses
from kumiai_local.errors import CannotDisturb, MissingRequirement
from kumiai_local.layout import Layout
from kumiai_local.ownership import Ownership
from kumiai_local.progress import step
from kumiai_local.provision import make_keys, prepare_broker, prepare_database
from kumiai_local.stack import Stack, StackControl


class ExternalSettings(BaseSettings):
    """Environment variables `KUMIAI_STACK_…`; there are no defaults for addresses, users or passwords."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_STACK_", frozen=True)

    kafka_bootstrap: str
    kafka_security_protocol: Literal["SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    kafka_username: str
    kafka_password_file: Path
    kafka_ca_file: Path | None = None
    postgres_url: str
    """Superuser's URL without password: postgresql://user@host:port/postgres."""
    postgres_password_file: Path


class ExternalStack(Stack):
    """Reached, never started, stopped or disturbed; the services beside it are ours, in a folder of our own."""

    def __init__(self, layout: Layout, *, prepared: bool = False) -> None:
        super().__init__(layout, prepared=prepared)
        try:
            settings = ExternalSettings()
        except ValidationError as error:
            names = ", ".join(f"KUMIAI_STACK_{str(fault['loc'][0]).upper()}" for fault in error.errors())
            raise MissingRequirement(f"KUMIAI_STACK=external needs {names}") from None
        self._addresses = StackAddresses(mode="external", **settings.model_dump())

    @property
    def addresses(self) -> StackAddresses:
        return self._addresses

    @property
    def control(self) -> StackControl:
        raise CannotDisturb("an external stack is not ours to kill: use KUMIAI_STACK=native or containers")

    def start(self) -> StackAddresses:
        self._ownership = Ownership(self.layout)
        try:
            if self._prepared:
                with step("Preparing databases, broker users and keys"):
                    prepare_database(self._addresses, self.layout)
                    prepare_broker(self._addresses, self.layout)
                    make_keys(self.layout)
        except BaseException:
            self.stop()
            raise
        self._addresses.write(self.layout.stack_file)
        return self._addresses
