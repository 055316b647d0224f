"""The municipality's own parameters (団体の設定) as the registry's rules read them, and a notice's extra attributes.

What holds on the day of processing (処理日) counts: what may be sent is ruled by the day on which it is sent.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from kumiai_contracts.decision import Accepted, Context, SealedPart
from kumiai_contracts.extensions import MAX_CHARACTERS, faults
from kumiai_contracts.model import RowSet, canonical_json
from kumiai_contracts.parameter_catalogue import EXTENSIONS, find, read_value
from kumiai_contracts.parameters import ParameterRow, holding
from kumiai_contracts.receipts import Reason
from kumiai_contracts.resident import SERVICE, ResidentNotice
from kumiai_contracts.resident_extensions import ResidentExtensionRow, ResidentExtensionsRecorded

from kumiai_resident_registry.domain.refusals import refusal

PLANNING_DAYS = "move-out.planning-days"
CONFIRMATION_DAYS = "move-out.confirmation-days"
EXTENSION = "extension"
"""The name of the sealed part, and of the column that holds its commitment."""
_SALTS_FROM = 1000
"""Salts of extra attributes are counted from here: the movement's own parts have those before."""


def value_of(settings: RowSet, name: str, day: date) -> Any:
    """A parameter's value on a day: the municipality's own, else the catalogue's standard."""
    own = holding(settings.all(ParameterRow), SERVICE, day).get(name)
    if own is not None and own.value is not None:
        return read_value(own.value)
    parameter = find(SERVICE, name)
    assert parameter is not None
    return parameter.standard


def extension_refusals(settings: RowSet, notice: ResidentNotice, today: date) -> Iterator[Reason]:
    """What of the extra attributes fits no schema that holds today."""
    if notice.extensions is None:
        return
    if len(canonical_json(notice.extensions)) > MAX_CHARACTERS:
        yield refusal("extensions-too-large", "/extensions")
        return
    schemas = _schemas(settings, today)
    for namespace, content in sorted(notice.extensions.items()):
        held = schemas.get(namespace)
        if held is None:
            yield refusal("extension-namespace-unknown", f"/extensions/{namespace}")
            continue
        for code, pointer in faults(read_value(held.value or ""), content):
            yield refusal(code, f"/extensions/{namespace}{pointer}")


def with_extensions(settings: RowSet, notice: ResidentNotice, accepted: Accepted, context: Context) -> Accepted:
    """The decision with the event that records the extra attributes, their contents sealed."""
    if not notice.extensions:
        return accepted
    schemas = _schemas(settings, context.today)
    rows, parts = [], []
    for n, (namespace, content) in enumerate(sorted(notice.extensions.items())):
        part = SealedPart(EXTENSION, context.salt(_SALTS_FROM + n), canonical_json(content))
        parts.append(part)
        rows.append(
            ResidentExtensionRow(
                movement=context.cause,
                namespace=namespace,
                parameter_version=schemas[namespace].version,
                extension=part.commitment,
            )
        )
    event = ResidentExtensionsRecorded(extensions=tuple(rows))
    return Accepted((*accepted.events, event), (*accepted.sealed, *parts), accepted.assigned)


def _schemas(settings: RowSet, day: date) -> Mapping[str, ParameterRow]:
    held = holding(settings.all(ParameterRow), SERVICE, day)
    return {name.removeprefix(EXTENSIONS): row for name, row in held.items() if name.startswith(EXTENSIONS)}
