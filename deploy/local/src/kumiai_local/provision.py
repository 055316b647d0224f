"""What the services find when they start: databases, broker users, rights and keys. Repeatable at every start."""

from __future__ import annotations

from collections.abc import Iterable

from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout, default_layout
from kumiai_local.migrations import migrate
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
        make_keys(where, wanted)


def prepare_database(addresses: StackAddresses, layout: Layout) -> None:
    """What a PostgreSQL that just serves lacks: the databases and roles, and the tables in them."""
    provision_databases(addresses, layout, SERVICES)
    migrate(addresses, layout, SERVICES)


def prepare_broker(addresses: StackAddresses, layout: Layout) -> None:
    """What a Kafka that just serves lacks: the services' users and rights."""
    provision_broker(addresses, layout, SERVICES)


def make_keys(layout: Layout, services: Iterable[Service] = SERVICES) -> None:
    """The keys, which need neither server."""
    for service in services:
        signing_key(service.private_key(layout), service.public_key(layout))
        if (vault_keys := service.vault_keys(layout)) is not None:
            make_vault_keys(service.module, vault_keys)
    signing_key(NETWORK.private_key(layout), NETWORK.public_key(layout))
    symmetric_key(layout.linkage_code_key)
    signing_key(layout.operators / "operator.pem", layout.operators / "operator.pub.pem")
