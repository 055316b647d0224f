"""Tables and types as the bundle describes them: for the verifier, which folds events without our code, and for people.

Everything follows from the contracts' classes, so that a description can't say anything else than the code does.
"""

from functools import cache
from inspect import get_annotations
from typing import Any, NamedTuple, get_args

from kumiai_contracts.docstrings import field_docstrings
from kumiai_contracts.fields import Commitment
from kumiai_contracts.model import CONTRACT_VERSION, Row
from kumiai_contracts.registry import EVENTS, tables_of, tables_of_stream
from kumiai_contracts.topics import STREAM_OF

from kumiai_common.tables import columns_of

KEPT_IN_THE_VAULT = frozenset((("held_number", "commitment"),))
"""Commitments to what never leaves its service, not even in a bundle: 個人番号."""


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str
    """PostgreSQL's: text, bigint, boolean, date, jsonb."""
    nullable: bool = False
    sealed: bool = False
    """Whether it holds commitments of sealed parts."""
    description: str = ""


@cache
def columns(kind: type[Row]) -> tuple[Column, ...]:
    """The columns of a table of a stream, in their order."""
    meanings = field_docstrings(kind)
    return tuple(
        Column(
            name,
            type_,
            type(None) in get_args(kind.model_fields[name].annotation),
            _is_commitment(kind, name) and (kind.table, name) not in KEPT_IN_THE_VAULT,
            meanings.get(name, ""),
        )
        for name, type_ in columns_of(kind)
    )


def _is_commitment(kind: type[Row], name: str) -> bool:
    # The annotation as it is written: a digest has the same pattern, but is no commitment.
    written = next(found[name] for base in kind.__mro__ if name in (found := get_annotations(base)))
    return written is Commitment or any(argument is Commitment for argument in get_args(written))


@cache
def contract() -> dict[str, Any]:
    """What the verifier must know of the contracts: the rows in each type of event, and the tables."""
    kinds = {row.table: row for stream in STREAM_OF.values() for row in tables_of_stream(stream)}
    return {
        "version": CONTRACT_VERSION,
        "streams": dict(STREAM_OF),
        "types": {
            type_: {"stream": event.stream, "rows": [[field, row.table] for field, row in tables_of(type_)]}
            for type_, event in EVENTS.items()
        },
        "tables": {
            table: {"key": list(kind.key), "columns": [list(column[:4]) for column in columns(kind)]}
            for table, kind in sorted(kinds.items())
        },
    }
