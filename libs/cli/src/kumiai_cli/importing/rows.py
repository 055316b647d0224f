"""What a row of each file holds (取込ファイルの項目). The documentation is generated from these models.

A cell is text. An empty cell is a missing value. Nothing is guessed: a date is YYYY-MM-DD, a code one of those listed.
"""

import re
from datetime import date
from typing import Annotated, Any

from kumiai_contracts.fields import CivilDate, FiscalYear, PersonName, ResidentCode, Yen
from kumiai_contracts.linkage_numbers import BusinessNumber, LineOfBusiness
from kumiai_contracts.resident import Nationality, Reason, Relationship, Sex, Status
from kumiai_contracts.resident_carry_over import OldNumber
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: Any) -> Any:
    """A day from its text. pydantic would also take a number of seconds, which no file means."""
    if isinstance(value, str):
        if not _DAY.fullmatch(value):
            raise ValueError("not YYYY-MM-DD")
        return date.fromisoformat(value)
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A day of the calendar, YYYY-MM-DD."""
Town = Annotated[str, StringConstraints(max_length=100)]


class ImportRow(BaseModel):
    """What the rows share: closed, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ResidentLine(ImportRow):
    """住民の異動履歴: one row for each history row of each person, in any order.

    The row with a person's highest `history_number` says how it stands. People on the live record who have the same
    `household_number` there are one household, with exactly one 世帯主 and one address. One household is taken or
    refused as a whole, with everybody who was last in it.
    """

    person_number: OldNumber
    """旧宛名番号: the person's number in the system before."""
    household_number: OldNumber
    """旧世帯番号 after this movement."""
    history_number: Annotated[int, Field(ge=1, le=99_999)]
    """履歴番号: the order of the person's rows; gaps are allowed."""
    status: Status
    """住民票 or 除票 after this movement."""
    relationship: Relationship
    """続柄, such as 世帯主, 妻, 子の子."""
    name: PersonName
    """氏名, code point by code point; private-use characters are those of `--system`."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日; X for an unknown part, and days that no calendar has stay as they are."""
    sex: Sex
    """性別."""
    resident_since: CivilDate
    """住民となった年月日."""
    address_since: CivilDate
    """住所を定めた年月日."""
    address_prefecture: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    """住所: 都道府県."""
    address_municipality: Annotated[str, StringConstraints(max_length=60)] = ""
    """住所: 市区町村."""
    address_town: Town = ""
    """住所: 町字."""
    address_number: Annotated[str, StringConstraints(max_length=60)] = ""
    """住所: 番地・号."""
    address_building: Town = ""
    """住所: 方書."""
    previous_prefecture: Annotated[str, StringConstraints(max_length=20)] = ""
    """転入前の住所: 都道府県 or country; empty if there is none."""
    previous_municipality: Annotated[str, StringConstraints(max_length=60)] = ""
    """転入前の住所: 市区町村."""
    previous_town: Town = ""
    """転入前の住所: 町字."""
    previous_number: Annotated[str, StringConstraints(max_length=60)] = ""
    """転入前の住所: 番地・号."""
    previous_building: Town = ""
    """転入前の住所: 方書."""
    destination_prefecture: Annotated[str, StringConstraints(max_length=20)] = ""
    """転出先の住所: 都道府県 or country; empty if there is none."""
    destination_municipality: Annotated[str, StringConstraints(max_length=60)] = ""
    """転出先の住所: 市区町村."""
    destination_town: Town = ""
    """転出先の住所: 町字."""
    destination_number: Annotated[str, StringConstraints(max_length=60)] = ""
    """転出先の住所: 番地・号."""
    destination_building: Town = ""
    """転出先の住所: 方書."""
    removed_on: Day | None = None
    """消除の異動日, of a removed person."""
    reason: Reason
    """異動事由."""
    effective_date: Day
    """異動日."""
    notified_date: Day
    """届出日."""
    processed_date: Day
    """処理日: the day on which the system before recorded it."""
    ex_officio: bool = False
    """職権: true or false."""
    nationality: Nationality | None = None
    """国籍・地域 of a foreigner, ISO 3166-1 alpha-3; empty for Japanese people."""
    former_name: PersonName | None = None
    """旧氏, of Japanese people."""
    former_name_kana: PersonName | None = None
    """旧氏の振り仮名; needed with `former_name`."""
    alias: PersonName | None = None
    """通称, of foreigners."""
    alias_kana: PersonName | None = None
    """通称の振り仮名; needed with `alias`."""
    planned_on: Day | None = None
    """転出予定日."""
    confirmed_on: Day | None = None
    """転出確定日."""
    resident_code: ResidentCode | None = None
    """住民票コード; that of the person's last row counts."""


class PayerLine(ImportRow):
    """個人住民税の賦課と未納額: one row for each person and fiscal year, as decided and collected by the system before.

    Nothing is calculated: the amounts are recorded as they are. The residents have to be imported before.
    """

    person_number: OldNumber
    """旧宛名番号 of the person in the file of residents."""
    fiscal_year: FiscalYear
    """年度, by its calendar year: 2026 is R8."""
    employment_income: Yen = 0
    """給与所得, yen."""
    total_income: Yen
    """総所得金額等, yen."""
    deductions_total: Yen
    """所得控除合計, yen."""
    taxable_income: Yen
    """課税総所得金額, yen."""
    income_levy_municipal: Yen
    """市町村民税所得割, yen."""
    income_levy_prefectural: Yen
    """道府県民税所得割, yen."""
    per_capita_municipal: Yen
    """市町村民税均等割, yen."""
    per_capita_prefectural: Yen
    """道府県民税均等割, yen."""
    forest_environment_tax: Yen = 0
    """森林環境税, yen."""
    total: Yen
    """年税額, yen: the sum of the five before it."""
    special_collected: Yen = 0
    """特別徴収税額: the part of the total that is deducted from a salary or pension, yen."""
    open_balance: Yen = 0
    """未納額: what of the total is not paid on `balance_on`, yen."""
    balance_on: Day
    """未納額の基準日."""


class AddresseeLine(ImportRow):
    """業務ごとの宛名番号: which number a line of business has for a person.

    The residents have to be imported before.
    """

    business: LineOfBusiness
    """業務, such as `taxation`, `national-health-insurance`."""
    number: BusinessNumber
    """宛名番号 in that line of business."""
    person_number: OldNumber
    """旧宛名番号 of the person in the file of residents."""
