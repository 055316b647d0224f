"""`python -m kumiai_national_id_linkage.network_simulator`: run the simulator of the national network."""

import asyncio
import contextlib
import signal
from pathlib import Path

from kumiai_common import logging
from kumiai_common.http.server import HttpServer
from kumiai_common.http.tokens import load_private_key, load_public_key, public_key_text
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from kumiai_national_id_linkage.legal_tables import legal_tables
from kumiai_national_id_linkage.network_simulator.core import Core
from kumiai_national_id_linkage.network_simulator.register import Register
from kumiai_national_id_linkage.network_simulator.server import application


class SimulatorSettings(BaseSettings):
    """What the simulator must be told."""

    model_config = SettingsConfigDict(env_prefix="KUMIAI_NETWORK_", frozen=True)

    key_file: Path
    """The network's Ed25519 private key (PEM, PKCS #8)."""
    federation_key_file: Path
    """The public key of the linkage service, which speaks for every local government that has no key of its own."""
    register_file: Path
    """What the network knows for good, such as whose a code is; made if it is missing."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)


async def main() -> None:
    """Serve until told to stop."""
    settings = SimulatorSettings()  # pyright: ignore[reportCallIssue]
    logging.configure("network-simulator", "INFO")
    federation = public_key_text(load_public_key(settings.federation_key_file))
    register = Register({federation: None}, settings.register_file)
    core = Core(load_private_key(settings.key_file), legal_tables(), register)
    server = asyncio.create_task(HttpServer(application(core), settings.http_host, settings.http_port).run())
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, server.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await server


if __name__ == "__main__":
    asyncio.run(main())
