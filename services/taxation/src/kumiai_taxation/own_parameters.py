"""A municipality's own parameters (団体の設定): what its settings in the membership stream make of the standard.

Invariant: the value that holds on 1 April holds for the whole fiscal year. An assessment's rule version names the last
setting that was known, so what it was calculated with can be said again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from kumiai_contracts.parameter_catalogue import CATALOGUE, read_value
from kumiai_contracts.parameters import ParameterRow, holding

from kumiai_taxation.domain.resident_tax.arithmetic import Split
from kumiai_taxation.domain.resident_tax.parameters import FiscalYearParameters, Municipality, Source
from kumiai_taxation.parameters import fiscal_years, load, rate

SERVICE = "taxation"
RULE_VERSION = "2"
"""Raised whenever the rules compute another amount from the same parameters."""


class OwnParameters:
    """The settings of one municipality that taxation reads; without any, everything is as the standard has it."""

    def __init__(self, settings: Iterable[ParameterRow] = ()) -> None:
        self._settings = tuple(row for row in settings if row.service == SERVICE)
        self._resolved: dict[tuple[str, str], FiscalYearParameters] = {}

    def known_by(self, rule_version: str) -> "OwnParameters":
        """The settings that an assessment of this rule version knew."""
        last = int("".join(rule_version.split("/")[2:3]) or 0)
        return OwnParameters(row for row in self._settings if row.version <= last)

    def before(self, version: int) -> "OwnParameters":
        """The settings that there were before one of them."""
        return OwnParameters(row for row in self._settings if row.version < version)

    def own_values(self, fiscal_year: int) -> dict[str, str | None]:
        """What holds in a fiscal year in place of the standard, by name, as JSON."""
        return {name: row.value for name, row in holding(self._settings, SERVICE, first_day(fiscal_year)).items()}

    def rules_of(self, fiscal_year: int) -> str:
        """規則の版: the parameters' year, the rules' own version, and the last setting for the year: `R9/2/14`.

        Without a setting there is no third part.
        """
        day = first_day(fiscal_year)
        last = max((row.version for row in self._settings if row.valid_from <= day), default=0)
        return f"R{fiscal_year - 2018}/{RULE_VERSION}" + (f"/{last}" if last else "")

    def of(self, fiscal_year: str, municipality: str) -> FiscalYearParameters:
        """All parameters of a fiscal year such as `R9`, the municipality's own in place of the standard.

        Raises UnknownFiscalYear.
        """
        if not self._settings:
            return load(fiscal_year)
        key = (fiscal_year, municipality)
        if key not in self._resolved:
            self._resolved[key] = _resolve(load(fiscal_year), municipality, self._settings)
        return self._resolved[key]


STANDARD = OwnParameters()


def first_day(fiscal_year: int) -> date:
    """年度の初日: 1 April, on which a setting has to be valid to hold for the year."""
    return date(fiscal_year, 4, 1)


def _resolve(
    standard: FiscalYearParameters, municipality: str, settings: tuple[ParameterRow, ...]
) -> FiscalYearParameters:
    here = standard.municipalities.get(municipality)
    if here is None:
        return standard
    resolved, year = _Resolved(here, standard), standard.income_year + 1
    for name, row in holding(settings, SERVICE, first_day(year)).items():
        source = Source(f"set by {municipality}, version {row.version}: {row.reason}", row.valid_from.isoformat())
        assert row.value is not None  # `holding` leaves out what is as the standard has it
        resolved = _TAKEN_OVER[name](resolved, read_value(row.value), source)
    # Only this municipality's: another's would be a mistake that nobody sees.
    return replace(resolved.year, municipalities={municipality: resolved.here})


@dataclass(frozen=True, slots=True)
class _Resolved:
    here: Municipality
    year: FiscalYearParameters

    def with_own(self, parameter: str, source: Source, **values: Any) -> "_Resolved":
        sources = {**self.here.sources, parameter: source}
        return replace(self, here=replace(self.here, sources=sources, **values))


def _municipal_rate(resolved: _Resolved, value: Any, source: Source) -> _Resolved:
    rates = Split(rate(value), resolved.here.rates.prefectural)
    return resolved.with_own("municipal_rate", source, rates=rates)


def _municipal_per_capita(resolved: _Resolved, value: Any, source: Source) -> _Resolved:
    per_capita = Split(value, resolved.here.per_capita.prefectural)
    return resolved.with_own("municipal_per_capita", source, per_capita=per_capita)


def _area_class(resolved: _Resolved, value: Any, source: Source) -> _Resolved:
    return resolved.with_own("area_class", source, area_class=value)


def _ordinary_due_dates(resolved: _Resolved, value: Any, source: Source) -> _Resolved:
    rule = replace(resolved.year.ordinary_collection, count=len(value), due=tuple(value))
    sources = {**resolved.year.sources, "ordinary_collection": source}
    return replace(resolved, year=replace(resolved.year, ordinary_collection=rule, sources=sources))


_TAKEN_OVER: Mapping[str, Callable[[_Resolved, Any, Source], _Resolved]] = {
    "resident-tax.municipal-rate": _municipal_rate,
    "resident-tax.municipal-per-capita": _municipal_per_capita,
    "resident-tax.area-class": _area_class,
    "resident-tax.ordinary-due-dates": _ordinary_due_dates,
}
"""What each parameter of the catalogue takes the place of; a test holds it against the catalogue."""


@dataclass(frozen=True, slots=True)
class Standard:
    """What a parameter is for a municipality without a setting of its own."""

    value: Any
    """The value in force, by law or by an ordinance that the parameter files know."""
    by_law: Any
    """The value without any ordinance."""
    source: str


def standards(municipality: str, day: date) -> dict[str, Standard]:
    """The standard of each of taxation's parameters for a municipality on a day, by name; empty for an unknown code.

    Of a fiscal year without a parameter file the last one's values are given.
    """
    fiscal_year = day.year - (day < first_day(day.year))
    year = load(max((y for y in fiscal_years() if int(y[1:]) <= fiscal_year - 2018), default=fiscal_years()[0]))
    here = year.municipalities.get(municipality)
    if here is None:
        return {}
    due = list(year.ordinary_collection.due)
    by_law = here.shares.rates.municipal
    per_capita = here.per_capita.municipal
    usual = next(each.standard for each in CATALOGUE if each.name == "resident-tax.municipal-per-capita")
    rate_source = here.sources.get("municipal_rate")
    return {
        "resident-tax.municipal-rate": Standard(
            percentage(here.rates.municipal), percentage(by_law), rate_source.text if rate_source else ""
        ),
        "resident-tax.municipal-per-capita": Standard(per_capita, usual, here.sources["municipal_per_capita"].text),
        "resident-tax.area-class": Standard(here.area_class, here.area_class, here.sources["area_class"].text),
        "resident-tax.ordinary-due-dates": Standard(due, due, year.sources["ordinary_collection"].text),
    }


def percentage(thousandths: int) -> str:
    """A rate in 1/1,000 % as text: 6025 is "6.025%"."""
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".") + "%"
