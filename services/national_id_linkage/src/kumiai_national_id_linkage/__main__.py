"""`python -m kumiai_national_id_linkage`: run the service."""

import sys

from kumiai_common.bundle.part import Kept
from kumiai_common.service import Ground, run
from starlette.routing import BaseRoute

from kumiai_national_id_linkage import retention
from kumiai_national_id_linkage.batch_routes import batch_routes
from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.comparing_routes import comparing_routes
from kumiai_national_id_linkage.exception_routes import exception_routes
from kumiai_national_id_linkage.exchange_routes import exchange_routes
from kumiai_national_id_linkage.exchange_rules import ExchangeRules
from kumiai_national_id_linkage.handlers import NationalIdLinkage
from kumiai_national_id_linkage.legal_tables import legal_tables
from kumiai_national_id_linkage.network.connector import Connector
from kumiai_national_id_linkage.network.http_network import HttpNetwork
from kumiai_national_id_linkage.proof import NETWORK_KEY, NetworkProof
from kumiai_national_id_linkage.reads import routes
from kumiai_national_id_linkage.recall_routes import recall_routes
from kumiai_national_id_linkage.settings import LinkageSettings
from kumiai_national_id_linkage.vault import rotation
from kumiai_national_id_linkage.vault.exporting import export_routes
from kumiai_national_id_linkage.vault.key_management import FileKeys, KeyFileError
from kumiai_national_id_linkage.vault.missing_keys import MissingKeys
from kumiai_national_id_linkage.vault.reads import Vault
from kumiai_national_id_linkage.vault.rotating import rotation_routes
from kumiai_national_id_linkage.vault.settings import VaultSettings


def main() -> None:
    """Run the service. Exits with a line on standard error where a key file can't be used."""
    settings = LinkageSettings()  # pyright: ignore[reportCallIssue]
    vault = VaultSettings()  # pyright: ignore[reportCallIssue]
    try:
        management = FileKeys(vault.key_file, readable_by_others=vault.key_file_readable_by_others)
    except (KeyFileError, OSError) as error:
        sys.exit(f"the vault's key file can't be used: {error}")
    try:
        codes = CodeBook.load(settings.linkage_code_key_file)
    except (ValueError, OSError) as error:
        sys.exit(f"the key file of the linkage codes can't be used: {error}")
    proof = NetworkProof.load(settings.trusted_keys_dir)
    rules = ExchangeRules(codes, legal_tables(), proof)
    if settings.network_url and proof.key is None:
        sys.exit(f"KUMIAI_NETWORK_URL is set, but {settings.trusted_keys_dir} holds no {NETWORK_KEY}")

    async def connect(ground: Ground) -> None:
        assert proof.key is not None
        network = HttpNetwork(settings.network_url, ground.keys.signing, proof.key)
        await Connector(ground, network, codes, proof, settings).run()

    async def rotate(ground: Ground) -> None:
        await rotation.run(ground, management)

    async def look_for_keys(ground: Ground) -> None:
        await MissingKeys(ground, management).run()

    def all_routes(ground: Ground) -> list[BaseRoute]:
        return [
            *routes(),
            *Vault(management).routes(),
            *rotation_routes(management),
            *export_routes(ground, management),
            *exchange_routes(ground, legal_tables()),
            *batch_routes(ground, legal_tables()),
            *recall_routes(ground),
            *comparing_routes(ground),
            *exception_routes(ground),
        ]

    tasks = [rotate, look_for_keys, retention.run, *([connect] if settings.network_url else [])]
    kept = Kept(("network_position",))
    run(NationalIdLinkage(management, rules), routes=all_routes, tasks=tasks, kept=kept)


if __name__ == "__main__":
    main()
