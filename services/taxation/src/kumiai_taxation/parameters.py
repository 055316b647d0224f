"""Loads the parameter files (年度別パラメータ) and resolves them for every municipality.

A file `R<n>.json` holds what changed in its fiscal year; `based_on` names the year it builds on. So a new fiscal year
is one new file. A municipality's value is looked for in its own entry, then in its prefecture's, then in the nation's.
Rates are written as percentages ("2.025%"). A parameter that no file gives is an error that names it. An ordinance's
value whose term is over holds for nobody: cases of its municipalities are refused, the others go on.
"""

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from kumiai_contracts.strict_json import parse_strictly
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.parameters import (
    FiscalYearParameters,
    Municipality,
    OwnExemption,
    Shares,
    Source,
)
from kumiai_taxation.parameter_schema import NOT_IN_FILES, OF_MUNICIPALITY, OF_NATION

_FILES = files("kumiai_taxation") / "parameter_files"


class ParameterError(Exception):
    """A parameter file is wrong; the message names the fiscal year and the parameter."""


class MissingParameter(ParameterError):
    """No file gives this parameter."""

    def __init__(self, fiscal_year: str, name: str) -> None:
        super().__init__(f"{fiscal_year}: the parameter {name!r} is missing; add it to {fiscal_year}.json")
        self.fiscal_year = fiscal_year
        self.name = name


class UnknownFiscalYear(ParameterError):
    """There is no parameter file for this fiscal year."""

    def __init__(self, fiscal_year: str) -> None:
        super().__init__(f"there are no parameters for {fiscal_year}; add parameter_files/{fiscal_year}.json")
        self.fiscal_year = fiscal_year


class Entry(BaseModel):
    """A value with its source and the day since when it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Any
    valid_from: str
    valid_until: Annotated[str, Field(pattern=r"^R\d+$")] | None = None
    """The last fiscal year of its term, if the ordinance has one"""
    source: str


class ParameterFile(BaseModel):
    """The schema of a parameter file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fiscal_year: str
    income_year: int
    based_on: str | None = None
    parameters: dict[str, Entry]
    prefectures: dict[str, dict[str, Entry]] = {}
    """By the first two digits of the municipality code"""
    municipalities: dict[str, dict[str, Entry]] = {}
    """By municipality code"""


@cache
def load(fiscal_year: str) -> FiscalYearParameters:
    """The parameters of a fiscal year such as `R8`."""
    return resolve(_layers(fiscal_year), _names())


def files_for(municipality: str) -> dict[str, bytes]:
    """The parameter files as they are, by name: they say what holds where, for every municipality."""
    return {file.name: file.read_bytes() for file in _FILES.iterdir() if file.name.endswith((".json", ".csv"))}


@cache
def fiscal_years() -> tuple[str, ...]:
    """The fiscal years that have a parameter file, the oldest first."""
    found = [f.name.removesuffix(".json") for f in _FILES.iterdir() if f.name.endswith(".json")]
    return tuple(sorted(found, key=_number))


def resolve(layers: list[ParameterFile], names: Mapping[str, str]) -> FiscalYearParameters:
    """Merge files, the oldest first, into the parameters of the last one's fiscal year.

    `names` gives the municipalities by code. Raises MissingParameter or ParameterError.
    """
    last = layers[-1]
    for layer in layers:
        _check(layer)
    nation: dict[str, Entry] = {}
    prefectures: dict[str, dict[str, Entry]] = {}
    own: dict[str, dict[str, Entry]] = {}
    for layer in layers:
        nation |= layer.parameters
        for code, entries in layer.prefectures.items():
            prefectures[code] = prefectures.get(code, {}) | entries
        for code, entries in layer.municipalities.items():
            own[code] = own.get(code, {}) | entries
    unknown = own.keys() - names.keys()
    if unknown:
        raise ParameterError(f"{last.fiscal_year}: no municipality has the code {min(unknown)}")
    required = _Required(last.fiscal_year, nation)
    ordinary = _validate(last.fiscal_year, "ordinary_shares", _SHARES, required["ordinary_shares"].value)
    designated = _validate(
        last.fiscal_year, "designated_city_shares", _SHARES, required["designated_city_shares"].value
    )
    cities = frozenset(required["designated_cities"].value)
    area_classes = _by_code(last.fiscal_year, required["area_classes"])
    ordinances = {code: prefectures.get(code[:2], {}) | own.get(code, {}) for code in names}
    municipalities = {
        code: _municipality(
            code,
            name,
            designated if code in cities else ordinary,
            code in cities,
            _Required(
                last.fiscal_year,
                nation | area_classes.get(code, {}) | ordinances[code],
            ),
        )
        for code, name in names.items()
    }
    ended = {code: name for code, entries in ordinances.items() if (name := _ended(last.fiscal_year, entries))}
    values: dict[str, Any] = {name: _rates(required[name].value) for name in _FIELDS if name not in NOT_IN_FILES}
    values |= {
        "fiscal_year": last.fiscal_year,
        "income_year": last.income_year,
        "municipalities": {},
        "ended": {},
        "sources": {name: Source(entry.source, entry.valid_from) for name, entry in nation.items()},
    }
    parameters: FiscalYearParameters = _validate(last.fiscal_year, "", _PARAMETERS, values)
    # set afterwards: validating every municipality again would cost more than reading the files
    return replace(parameters, municipalities=municipalities, ended=ended)


class _Required(dict[str, Entry]):
    def __init__(self, fiscal_year: str, entries: Mapping[str, Entry]) -> None:
        super().__init__(entries)
        self.fiscal_year = fiscal_year

    def __missing__(self, name: str) -> Entry:
        raise MissingParameter(self.fiscal_year, name)


_SHARES = TypeAdapter(Shares)
_OWN_EXEMPTION = TypeAdapter(OwnExemption)
_PARAMETERS = TypeAdapter(FiscalYearParameters)
_FIELDS = tuple(FiscalYearParameters.__dataclass_fields__)
_OF_MUNICIPALITY = {name: TypeAdapter(kind) for name, kind in OF_MUNICIPALITY.items()}


def _municipality(code: str, name: str, shares: Shares, designated: bool, entries: _Required) -> Municipality:
    municipal = _rates(entries["municipal_rate"].value) if "municipal_rate" in entries else shares.rates.municipal
    surcharge = entries.get("prefectural_rate_surcharge")
    prefectural = shares.rates.prefectural + (_rates(surcharge.value) if surcharge else 0)
    return Municipality(
        code=code,
        name=name,
        designated=designated,
        area_class=entries["area_class"].value,
        rates=Split(municipal, prefectural),
        per_capita=Split(entries["municipal_per_capita"].value, entries["prefectural_per_capita"].value),
        shares=shares,
        own_exemption=_own_exemption(entries),
        sources={
            key: Source(entries[key].source, entries[key].valid_from) for key in OF_MUNICIPALITY if key in entries
        },
    )


def _own_exemption(entries: _Required) -> OwnExemption | None:
    if "own_exemption" not in entries:
        return None
    found: OwnExemption = _validate(
        entries.fiscal_year, "own_exemption", _OWN_EXEMPTION, entries["own_exemption"].value
    )
    return found


def _by_code(fiscal_year: str, listed: Entry) -> dict[str, dict[str, Entry]]:
    """級地 of the municipalities that the list has, each as an entry of its own."""
    found: dict[str, dict[str, Entry]] = {}
    for area_class, codes in listed.value.items():
        for code in codes:
            if code in found:
                raise ParameterError(f"{fiscal_year}: the parameter 'area_classes' has {code} twice")
            found[code] = {
                "area_class": Entry(value=int(area_class), valid_from=listed.valid_from, source=listed.source)
            }
    return found


def _check(layer: ParameterFile) -> None:
    """A name that no rule reads would change nothing unseen; and nobody looks at a municipality's amounts later."""
    own = [*layer.prefectures.items(), *layer.municipalities.items()]
    for code, entries, known in (("", layer.parameters, OF_NATION), *((c, e, OF_MUNICIPALITY) for c, e in own)):
        unknown = entries.keys() - known.keys()
        if unknown:
            whose = f" of {code}" if code else ""
            raise ParameterError(f"{layer.fiscal_year}: there is no parameter {min(unknown)!r}{whose}")
        for name in entries.keys() & _OF_MUNICIPALITY.keys():
            _validate(
                layer.fiscal_year, f"{code}.{name}".removeprefix("."), _OF_MUNICIPALITY[name], entries[name].value
            )


def _ended(fiscal_year: str, entries: Mapping[str, Entry]) -> str | None:
    """The first parameter whose term was over before this fiscal year."""
    for name, entry in entries.items():
        if entry.valid_until is not None and _number(entry.valid_until) < _number(fiscal_year):
            return f"{name} (until {entry.valid_until})"
    return None


def _number(fiscal_year: str) -> int:
    return int(fiscal_year[1:])


def _layers(fiscal_year: str) -> list[ParameterFile]:
    if fiscal_year not in fiscal_years():
        raise UnknownFiscalYear(fiscal_year)
    layer = _validate(
        fiscal_year, "", TypeAdapter(ParameterFile), parse_strictly((_FILES / f"{fiscal_year}.json").read_bytes())
    )
    return [*(_layers(layer.based_on) if layer.based_on else []), layer]


@cache
def _names() -> Mapping[str, str]:
    with (_FILES / "municipalities.csv").open(encoding="utf-8") as lines:
        return {row["code"]: row["prefecture"] + row["name"] for row in csv.DictReader(lines)}


def _validate(fiscal_year: str, name: str, adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(_rates(value))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in (name, *first["loc"]) if part != "")
        if first["type"] == "missing":
            raise MissingParameter(fiscal_year, where) from None
        raise ParameterError(f"{fiscal_year}: the parameter {where!r} is wrong: {first['msg']}") from None


def rate(text: str) -> int:
    """A percentage such as "2.025%" in 1/100,000, exactly. Raises ParameterError if it is finer than that."""
    whole, _, fraction = text.removesuffix("%").partition(".")
    if not text.endswith("%") or not (whole + fraction).isdecimal() or len(fraction) > 3:
        raise ParameterError(f"{text!r} is no percentage with at most three decimals")
    return int(whole) * 1000 + int(fraction.ljust(3, "0") or 0)


def _rates(value: Any) -> Any:
    """The same value with every percentage as an integer."""
    match value:
        case str() if value.endswith("%"):
            return rate(value)
        case list():
            return [_rates(item) for item in value]
        case dict():
            return {key: _rates(item) for key, item in value.items()}
        case _:
            return value
