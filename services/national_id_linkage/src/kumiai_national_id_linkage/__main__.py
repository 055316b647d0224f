"""`python -m kumiai_national_id_linkage`: run the service."""

import sys

from kumiai_common.service import run

from kumiai_national_id_linkage.handlers import NationalIdLinkage
from kumiai_national_id_linkage.reads import routes
from kumiai_national_id_linkage.vault.key_management import FileKeys, KeyFileError
from kumiai_national_id_linkage.vault.reads import Vault
from kumiai_national_id_linkage.vault.settings import VaultSettings

if __name__ == "__main__":
    try:
        settings = VaultSettings()  # pyright: ignore[reportCallIssue]
        management = FileKeys(settings.key_file, readable_by_others=settings.key_file_readable_by_others)
    except (KeyFileError, OSError) as error:
        sys.exit(f"the vault's key file can't be used: {error}")
    run(
        NationalIdLinkage(management),
        routes=lambda ground: [*routes(ground), *Vault(management).routes()],
    )
