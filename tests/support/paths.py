"""Every address that a service answers a GET at, from the routes that it serves."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from unittest.mock import MagicMock

from kumiai_common.http.server import every_route
from kumiai_contracts.topics import STREAM_OF, receipts_stream
from kumiai_membership.app import Membership
from kumiai_national_id_linkage.batch_routes import batch_routes
from kumiai_national_id_linkage.comparing_routes import comparing_routes
from kumiai_national_id_linkage.exception_routes import exception_routes
from kumiai_national_id_linkage.exchange_routes import exchange_routes
from kumiai_national_id_linkage.reads import routes as linkage_routes
from kumiai_national_id_linkage.recall_routes import recall_routes
from kumiai_national_id_linkage.vault.exporting import export_routes
from kumiai_national_id_linkage.vault.reads import Vault
from kumiai_national_id_linkage.vault.rotating import rotation_routes
from kumiai_resident_registry.reads import routes as registry_routes
from kumiai_taxation.reads import routes as taxation_routes
from starlette.routing import BaseRoute, Route


def _linkage(ground: MagicMock) -> list[BaseRoute]:
    anything = MagicMock()
    return [
        *linkage_routes(),
        *Vault(anything).routes(),
        *rotation_routes(anything),
        *export_routes(ground, anything),
        *exchange_routes(ground, anything),
        *batch_routes(ground, anything),
        *recall_routes(ground),
        *comparing_routes(ground),
        *exception_routes(ground),
    ]


_OWN = {
    "membership": Membership().routes,
    "resident-registry": registry_routes,
    "taxation": taxation_routes,
    "national-id-linkage": _linkage,
}


def paths_of(service: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Every path that takes a GET, with all given values for its parameters, and "0" where none is given."""
    ground = MagicMock()
    ground.name = service
    given = {**values, "stream": [STREAM_OF[service], receipts_stream(service)]}
    templates = dict.fromkeys(
        (route.path_format, *sorted(route.param_convertors))
        for route in every_route(ground, _OWN[service](ground))
        if isinstance(route, Route) and "GET" in (route.methods or ())
    )
    for template, *names in templates:
        for chosen in product(*(given.get(name, ["0"]) for name in names)):
            yield template.format(**dict(zip(names, chosen, strict=True)))
