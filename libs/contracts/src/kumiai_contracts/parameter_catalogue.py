"""The catalogue of parameters (パラメータ目録): each with its type, unit, standard, allowed range and source.

Published as `parameters.json`. A parameter stands here only if a service reads it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, get_args

from kumiai_contracts import extensions
from kumiai_contracts.membership import ServiceName
from kumiai_contracts.model import canonical_json
from kumiai_contracts.parameters import MAX_VALUE, BadValue, ParameterRow

Type = Literal["percentage", "integer", "month-days", "json-schema"]
Starts = Literal["any-day", "fiscal-year"]
EXTENSIONS = "extensions."
"""How the names of the parameters begin that hold the schema of a namespace of 拡張項目."""
_PERCENTAGE = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,3}))?%")
_LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the catalogue has it."""

    service: ServiceName
    """サービス that reads it."""
    name: str
    """パラメータ名; one that ends in `*` stands for a family of names."""
    ja: str
    en: str
    type: Type
    """型: a percentage is text such as "6.025%", month-days a list of MM-DD in the order of the fiscal year."""
    unit: str
    """単位: yen, days; empty without one."""
    standard: Any
    """標準値; None if nothing is set by standard."""
    standard_note: str
    """Where the standard is another for some codes, and who says so."""
    least: int | None
    """Least value: of a percentage in 1/1,000 %, of month-days and of a schema its number of entries."""
    most: int | None
    starts: Starts
    """適用開始日: any day, or only 1 April, for a whole fiscal year."""
    source: str
    """出典: the law or the decision that the standard follows."""

    def check(self, value: Any) -> None:
        """Raises BadValue."""
        match self.type:
            case "percentage":
                self._within(_thousandths(value))
            case "integer":
                self._within(_integer(value))
            case "month-days":
                _month_days(value)
                self._within(len(value))
            case "json-schema":
                extensions.check_schema(value)

    def _within(self, number: int) -> None:
        if (self.least is not None and number < self.least) or (self.most is not None and number > self.most):
            raise BadValue("value-out-of-range")


CATALOGUE: tuple[Parameter, ...] = (
    Parameter(
        service="resident-registry",
        name="move-out.planning-days",
        ja="転出予定日を何日先まで受け付けるか",
        en="How many days ahead a move out may be planned",
        type="integer",
        unit="days",
        standard=366,
        standard_note="",
        least=14,
        most=366,
        starts="any-day",
        source="Our own choice: the law sets no limit",
    ),
    Parameter(
        service="resident-registry",
        name="move-out.confirmation-days",
        ja="転出予定日の何日後までに確定しない転出を要確認とするか",
        en="How many days after its planned day a move out may stay unconfirmed before a person looks at it",
        type="integer",
        unit="days",
        standard=30,
        standard_note="",
        least=14,
        most=366,
        starts="any-day",
        source="Our own choice: 転入届 is due within 14 days (住民基本台帳法22条), and 転入通知 follows it",
    ),
    Parameter(
        service="resident-registry",
        name=EXTENSIONS + "*",
        ja="拡張項目の名前空間とそのJSON Schema",
        en="A namespace of extra attributes (extensions), with the JSON Schema of what its notices may carry",
        type="json-schema",
        unit="",
        standard=None,
        standard_note="",
        least=1,
        most=extensions.MAX_PROPERTIES,
        starts="any-day",
        source="Each municipality's own decision; the standard has no extra attributes",
    ),
    Parameter(
        service="taxation",
        name="resident-tax.municipal-rate",
        ja="個人市町村民税の所得割の税率",
        en="Rate of the municipality's income levy",
        type="percentage",
        unit="",
        standard="6%",
        standard_note="8% in a designated city; other ordinances as taxation's parameter files have them for each code",
        least=0,
        most=12_000,
        starts="fiscal-year",
        source="地方税法314条の3; the range is our own choice",
    ),
    Parameter(
        service="taxation",
        name="resident-tax.municipal-per-capita",
        ja="個人市町村民税の均等割の額",
        en="The municipality's per capita levy",
        type="integer",
        unit="yen",
        standard=3000,
        standard_note="other ordinances as taxation's parameter files have them for each code",
        least=0,
        most=10_000,
        starts="fiscal-year",
        source="地方税法310条; the range is our own choice",
    ),
    Parameter(
        service="taxation",
        name="resident-tax.area-class",
        ja="生活保護基準の級地区分(非課税限度額に用いる)",
        en="Class of area, by which the exemption limits go",
        type="integer",
        unit="",
        standard=3,
        standard_note="1 or 2 for the codes that taxation's parameter files list",
        least=1,
        most=3,
        starts="fiscal-year",
        source="生活保護法による保護の基準 別表第9",
    ),
    Parameter(
        service="taxation",
        name="resident-tax.ordinary-due-dates",
        ja="普通徴収の納期限(月日)",
        en="Due dates of ordinary collection; as many instalments as dates",
        type="month-days",
        unit="",
        standard=["06-30", "08-31", "10-31", "01-31"],
        standard_note="",
        least=1,
        most=12,
        starts="fiscal-year",
        source="地方税法320条: the law's months, with their last day",
    ),
)
_EXACT: Mapping[tuple[str, str], Parameter] = {(each.service, each.name): each for each in CATALOGUE}


def find(service: str, name: str) -> Parameter | None:
    """The catalogue's entry for a name, or None if there is none."""
    prefix, _, namespace = name.partition(".")
    if prefix + "." == EXTENSIONS:
        return _EXACT.get((service, EXTENSIONS + "*")) if extensions.is_namespace(namespace) else None
    return _EXACT.get((service, name))


def value_text(value: Any) -> str:
    """A value as a setting holds it. Raises BadValue if it is too long."""
    text = canonical_json(value).decode()
    if len(text) > MAX_VALUE:
        raise BadValue("value-too-long")
    return text


def read_value(text: str) -> Any:
    """The value of a setting."""
    return json.loads(text)


def shown(row: ParameterRow) -> dict[str, Any]:
    """A setting as JSON, its value as what it is."""
    return {**row.model_dump(mode="json"), "value": None if row.value is None else read_value(row.value)}


def document() -> dict[str, Any]:
    """The catalogue as it is published."""
    return {"services": list(get_args(ServiceName)), "parameters": [asdict(each) for each in CATALOGUE]}


def _thousandths(value: Any) -> int:
    found = _PERCENTAGE.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    if found is None:
        raise BadValue("value-not-a-percentage")
    return int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0"))


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValue("value-not-an-integer")
    return value


def _month_days(value: Any) -> None:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadValue("value-not-month-days")
    before = (0, 0)
    for n, text in enumerate(value):
        if not (isinstance(text, str) and re.fullmatch(r"[0-9]{2}-[0-9]{2}", text, re.ASCII)):
            raise BadValue("value-not-month-days", f"/{n}")
        try:
            day = date.fromisoformat(f"{_LEAP_YEAR}-{text}")
        except ValueError:
            raise BadValue("value-not-month-days", f"/{n}") from None
        place = ((day.month - 4) % 12, day.day)  # a fiscal year begins in April
        if n and place <= before:
            raise BadValue("value-not-in-order", f"/{n}")
        if text == "02-29":
            raise BadValue("value-not-month-days", f"/{n}")
        before = place
