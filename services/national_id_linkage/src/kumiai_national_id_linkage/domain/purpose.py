"""Purpose (利用目的): what is asked for is narrowed to what is granted and lawful, never widened.

The law is the table; where it allows nothing, a disaster exception that holds may (番号法19条's own exception is data
here: two persons, a reason, an end).
"""

from datetime import date

from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.legal_table import Asked, Lawful, LegalTables, Outside


def lawfully(state: ExchangeState, asked: Asked, today: date, now: str, tables: LegalTables) -> Lawful | Outside:
    """What the table of the day allows, or a disaster exception in its place."""
    lawful = tables.lookup(today, asked)
    if isinstance(lawful, Lawful):
        return lawful
    exception = state.exception(asked.inquirer, asked.fact_kind, now)
    if exception is None:
        return lawful
    return Lawful(frozenset(exception.items), False, f"disaster/{exception.exception}")


def narrowed(requested: tuple[str, ...], *limits: frozenset[str]) -> tuple[str, ...]:
    """The requested items that every limit allows, in alphabetical order."""
    return tuple(sorted(frozenset(requested).intersection(*limits)))
