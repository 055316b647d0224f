"""Parameters (団体別パラメータ): what may differ between municipalities, as versioned settings with valid-from dates.

Invariant: a setting is never overwritten. What holds on a day follows from the settings alone, so whoever knows the
last version that was known then can say again what held.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import CalendarDate, Timestamp
from kumiai_contracts.membership import MembershipEvent, ServiceName
from kumiai_contracts.model import Row

MAX_VALUE = 16_000
"""The longest value, in characters of its JSON."""

ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}(\.[a-z][a-z0-9-]{0,62}){1,2}$")]
"""パラメータ名, such as `resident-tax.municipal-rate`: one of the catalogue's."""
ParameterValue = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VALUE)]
"""値, as its canonical JSON: sorted keys, no spaces."""
Why = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""理由: the ordinance (条例) or decision that a setting follows."""
SetBy = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}/[a-z0-9][a-z0-9._-]{0,62}$")]
"""設定者: municipality and party."""


class BadValue(ValueError):
    """A value that the catalogue does not allow; `pointer` leads into the value."""

    def __init__(self, code: str, pointer: str = "") -> None:
        super().__init__(f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer


class ParameterRow(Row):
    """パラメータ設定: one value of one parameter, from a day on."""

    table: ClassVar[str] = "parameter"
    key: ClassVar[tuple[str, ...]] = ("version",)

    version: Annotated[int, Field(ge=1)]
    """版: 1, 2, 3, … over all settings of the municipality, in the order in which they were made."""
    service: ServiceName
    """サービス: which one reads it."""
    name: ParameterName
    """パラメータ名."""
    value: ParameterValue | None
    """値, as JSON; None: the standard again."""
    valid_from: CalendarDate
    """適用開始日: from this day on, until another setting's day."""
    reason: Why
    """理由: the ordinance or decision."""
    set_by: SetBy
    """設定者: municipality and party."""
    set_at: Timestamp
    """設定日時, UTC."""
    late: bool
    """遡及: whether the day it is valid from had passed already when it was set."""


class ParametersSet(MembershipEvent):
    """パラメータ設定: a municipality has values of its own, or the standard again, from a day on."""

    type: ClassVar[str] = "membership.parameters-set.v1"

    parameters: Annotated[tuple[ParameterRow, ...], Field(min_length=1, max_length=100)]
    """設定, in the order of their versions."""

    def subject(self) -> str:
        """The service and the name of the first."""
        return f"{self.parameters[0].service}/{self.parameters[0].name}"


def holding(rows: Iterable[ParameterRow], service: str, day: date) -> dict[str, ParameterRow]:
    """What holds of a service's parameters on a day, by name; what is not there is as the standard has it.

    Of the settings that are valid by then the one of the latest day counts, and of those the one made last.
    """
    found: dict[str, ParameterRow] = {}
    for row in rows:
        if row.service != service or row.valid_from > day:
            continue
        before = found.get(row.name)
        if before is None or (before.valid_from, before.version) < (row.valid_from, row.version):
            found[row.name] = row
    return {name: row for name, row in sorted(found.items()) if row.value is not None}
