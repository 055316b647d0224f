"""What the services find when they start: databases, broker users, rights and keys. Repeatable at every start."""

from __future__ import annotations

from collections.abc import Iterable

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout, default_layout
from kumiai_local.progress import step
from kumiai_local.provision_broker import provision_broker
from kumiai_local.provision_database import provision_databases
from kumiai_local.secret_files import make_vault_keys, signing_key, symmetric_key
from kumiai_local.services import NETWORK, SERVICES, Service


def provision_services(
    addresses: StackAddresses, layout: Layout | None = None, services: Iterable[Service] = SERVICES
) -> None:
    """Make for every service its database and roles, its broker user with its standing rights, and its signing key.

    The national network's simulator has a key pair, too, and the codes of the linkage service a key of their own.
    The first operator gets a key, too: membership registers whoever's public key it finds among the operators'.
    """
    where = (layout or default_layout()).prepare()
    wanted = list(services)
    with step("Preparing databases, broker users and keys"):
        provision_databases(addresses, where, wanted)
        provision_broker(addresses, where, wanted)
        for service in wanted:
            signing_key(service.private_key(where), service.public_key(where))
            if (vault_keys := service.vault_keys(where)) is not None:
                make_vault_keys(service.module, vault_keys)
        signing_key(NETWORK.private_key(where), NETWORK.public_key(where))
        symmetric_key(where.linkage_code_key)
        signing_key(where.operators / "operator.pem", where.operators / "operator.pub.pem")
