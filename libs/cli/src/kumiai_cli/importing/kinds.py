"""The three files that can be imported, by name."""

from kumiai_cli.importing.plan import Kind
from kumiai_cli.importing.residents import RESIDENTS
from kumiai_cli.importing.single import ADDRESSEES, PAYERS

KINDS: dict[str, Kind] = {kind.name: kind for kind in (RESIDENTS, PAYERS, ADDRESSEES)}
"""In the order in which they are imported."""
