"""Who differs from the standard, and where: the settings of members held against the catalogue."""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from kumiai_contracts.parameter_catalogue import CATALOGUE, EXTENSIONS, find, read_value, value_text
from kumiai_contracts.parameters import ParameterRow, holding

Setting = Mapping[str, Any]
"""A setting as membership tells it."""
FILES = "parameter file"


class Difference(NamedTuple):
    """One parameter of one municipality that is not as the standard has it."""

    municipality: str
    name: str
    """団体名."""
    service: str
    parameter: str
    value: Any
    standard: Any
    valid_from: str | None
    """Since when, of a setting; an ordinance of the parameter files stands in its year's file."""
    source: str
    """Who says so: a setting, with its version and reason, or a parameter file."""


def differences(members: Iterable[Mapping[str, Any]], day: date) -> list[Difference]:
    """Everything that differs on a day, by municipality, service and parameter."""
    return [difference for member in members for difference in _of(member, day)]


def rows_of(settings: Sequence[Setting]) -> list[ParameterRow]:
    """Settings as the contracts have them."""
    return [
        ParameterRow(
            **{
                **setting,
                "value": None if setting["value"] is None else value_text(setting["value"]),
                "valid_from": date.fromisoformat(setting["valid_from"]),
            }
        )
        for setting in settings
    ]


def in_force(code: str, rows: Sequence[ParameterRow], day: date) -> dict[tuple[str, str], tuple[Any, Any, str, str]]:
    """By service and name: the value in force on a day, the standard's, since when, and the source."""
    found: dict[tuple[str, str], tuple[Any, Any, str, str]] = {}
    files = _files(code, day)
    for each in CATALOGUE:
        if not each.name.startswith(EXTENSIONS):
            known = files.get(each.name)
            value, standard = (known.value, known.by_law) if known else (each.standard, each.standard)
            said = f"{FILES}: {known.source}" if known is not None and value != standard else ""
            found[each.service, each.name] = value, standard, "", said
    for service in sorted({row.service for row in rows}):
        for name, row in holding(rows, service, day).items():
            parameter = find(service, name)
            _, standard, _, _ = found.get((service, name), (None, parameter.standard if parameter else None, "", ""))
            assert row.value is not None  # `holding` leaves out what is as the standard has it
            said = f"setting {row.version} by {row.set_by}: {row.reason}" + (" (late)" if row.late else "")
            found[service, name] = read_value(row.value), standard, row.valid_from.isoformat(), said
    return dict(sorted(found.items()))


def _of(member: Mapping[str, Any], day: date) -> Iterable[Difference]:
    held = in_force(member["municipality"], rows_of(member["parameters"]), day)
    for (service, name), (value, standard, since, source) in held.items():
        if value != standard:
            yield Difference(
                member["municipality"],
                f"{member['prefecture']}{member['name']}",
                service,
                name,
                value,
                standard,
                since or None,
                source,
            )


def _files(code: str, day: date) -> Mapping[str, Any]:
    """What taxation's parameter files say of a code, where its package is installed."""
    try:
        known: Mapping[str, Any] = importlib.import_module("kumiai_taxation.own_parameters").standards(code, day)
    except ModuleNotFoundError:
        return {}
    return known
