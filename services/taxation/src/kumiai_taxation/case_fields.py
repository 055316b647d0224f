"""Field types of the case format: amounts, days, rates and flags, each with its own strictness."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from kumiai_taxation.domain.resident_tax.arithmetic import MAX_YEN, WHOLE

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _date(value: object) -> date:
    try:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_wrong", "no day of the calendar, written YYYY-MM-DD") from None


def _rate(value: object) -> int:
    """A rate in 1/100,000, exactly: from a share below 1, a percentage from 1 on, or a text such as "2.025%"."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].replace(".", "", 1).isdecimal():
        number = Decimal(value[:-1]) / 100
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(str(value))
        if number >= 1:
            number /= 100
    else:
        raise PydanticCustomError("rate_wrong", "no rate: write 0.02025, 2.025 or '2.025%'")
    exact = number * WHOLE
    if not 0 <= exact <= _MAX_RATE or exact != int(exact):
        raise PydanticCustomError("rate_wrong", "a rate lies between 0 % and 20 % and has at most three decimals")
    return int(exact)


def _fiscal_year(value: object) -> object:
    """`R8`, or the calendar year 2026 of 令和8年度."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"R{value - 2018}"
    return value


def _disability(value: object) -> object:
    if value is None or isinstance(value, bool):
        return "ordinary" if value else "none"
    return value


def _single_parent(value: object) -> object:
    """True where nobody said which: the mother's difference is taken; a case can say `father`."""
    if isinstance(value, bool):
        return "mother" if value else None
    return value


_MAX_RATE = WHOLE // 5

_number_or_percent = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 20}, {"type": "string", "pattern": r"^\d+(\.\d+)?%$"}]
}

Yen = Annotated[int, Field(strict=True, ge=0, le=MAX_YEN)]
Day = Annotated[date, BeforeValidator(_date, json_schema_input_type=date)]
Rate = Annotated[int, BeforeValidator(_rate), WithJsonSchema(_number_or_percent)]
Flag = Annotated[bool, Field(strict=True)]
Disability = Annotated[
    Literal["none", "ordinary", "special"],
    BeforeValidator(_disability, json_schema_input_type=Literal["none", "ordinary", "special"] | bool | None),
]
SingleParent = Annotated[
    Literal["mother", "father"] | None,
    BeforeValidator(_single_parent, json_schema_input_type=Literal["mother", "father"] | bool | None),
]
FiscalYear = Annotated[
    str,
    BeforeValidator(_fiscal_year),
    Field(pattern=r"^R[1-9]\d?$"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^R[1-9]\d?$"}, {"type": "integer", "minimum": 2019}]}),
]
