"""Valid examples of what a migration brings: a couple that moved in in 2020, from the system used before."""

from datetime import date
from typing import Any

from kumiai_contracts import linkage_numbers, resident, resident_carry_over, taxation, taxation_carry_over
from kumiai_contracts.examples_my_number import HELD
from kumiai_contracts.examples_resident import FATHER, HOUSEHOLD, example_row
from kumiai_contracts.model import Event, Notice

_SYSTEM, _OLD_PERSON, _OLD_HOUSEHOLD = "old-juki", "00012345", "H000678"
_CUTOVER = date(2026, 3, 31)
_HOME = resident.Address(prefecture="東京都", municipality="千代田区", town="神田駿河台二丁目", number="1番3号")
_BEFORE = resident.Address(prefecture="新潟県", municipality="新潟市中央区", town="学校町通一番町", number="602番地1")


def _movement(reason: resident.Reason, on: date, **changes: Any) -> resident_carry_over.CarriedMovement:
    given: dict[str, Any] = {
        "status": resident.Status.RESIDENT,
        "old_household_number": _OLD_HOUSEHOLD,
        "relationship": "世帯主",
        "name": "渡邉 拓也",
        "name_kana": "ワタナベ タクヤ",
        "birth_date": "1984-02-30",
        "sex": resident.Sex.MALE,
        "resident_since": "2020-04-01",
        "address_since": "2020-04-01",
        "address": _HOME,
        "reason": reason,
        "effective_date": on,
        "notified_date": on,
        "processed_date": on,
    }
    return resident_carry_over.CarriedMovement(**{**given, **changes})


def carried_over() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    history = (
        _movement(resident.Reason.DOMESTIC_MOVE_IN, date(2020, 4, 1), previous_address=_BEFORE),
        _movement(resident.Reason.MINOR_AMENDMENT, date(2023, 5, 8), ex_officio=True),
    )
    protection = resident_carry_over.CarriedProtection(
        state="decided", applied_on=date(2025, 9, 1), starts_on=date(2025, 9, 10), ends_on=date(2026, 9, 9)
    )
    person = resident_carry_over.CarriedPerson(old_number=_OLD_PERSON, history=history, protection=protection)
    row = example_row(FATHER)
    last = {"history_number": 2, "reason": resident.Reason.MINOR_AMENDMENT, "effective_date": date(2026, 5, 8)}
    return (
        resident_carry_over.HistoryCarryOverNotice(
            effective_date=_CUTOVER,
            notified_date=_CUTOVER,
            place="本庁",
            operator="import",
            system=_SYSTEM,
            old_household_number=_OLD_HOUSEHOLD,
            persons=(person,),
        ),
        resident_carry_over.ResidentHistoryCarriedOver(
            residents=(row, row.model_copy(update=last)),
            households=(resident.HouseholdRow(household_number=HOUSEHOLD, head=FATHER, members=(FATHER,)),),
            numbers=(
                resident_carry_over.CarriedNumberRow(
                    system=_SYSTEM, kind="person", old_number=_OLD_PERSON, number=FATHER
                ),
                resident_carry_over.CarriedNumberRow(
                    system=_SYSTEM, kind="household", old_number=_OLD_HOUSEHOLD, number=HOUSEHOLD
                ),
            ),
        ),
        *_assessments(),
        *_numbers(),
    )


def _assessments() -> tuple[Event | Notice, ...]:
    amounts: dict[str, Any] = {
        "employment_income": 3_560_000,
        "total_income": 3_560_000,
        "deductions_total": 1_290_000,
        "taxable_income": 2_270_000,
        "income_levy_municipal": 134_700,
        "income_levy_prefectural": 89_800,
        "per_capita_municipal": 3_000,
        "per_capita_prefectural": 1_000,
        "forest_environment_tax": 1_000,
        "total": 229_500,
    }
    collected: dict[str, Any] = {
        "special_collected": 229_500,
        "open_balance": 38_200,
        "balance_on": _CUTOVER,
        "operator": "import",
    }
    row = taxation.AssessmentRow(
        fiscal_year=2025,
        addressee_number=FATHER,
        version=1,
        cancelled=False,
        rule_version=f"{taxation_carry_over.CARRIED_OVER}{_SYSTEM}",
        special_collection=(),
        ordinary_collection=(),
        birth_date="1984-11-03",
        **amounts,
    )
    balance = taxation_carry_over.OpenBalanceRow(fiscal_year=2025, addressee_number=FATHER, **collected)
    return (
        taxation_carry_over.AssessmentCarryOverNotice(
            system=_SYSTEM,
            old_number=_OLD_PERSON,
            fiscal_year=2025,
            **amounts,
            **collected,
        ),
        taxation_carry_over.IncomeReportCarryOverNotice(
            system=_SYSTEM,
            old_number=_OLD_PERSON,
            report=taxation.IncomeReport(
                fiscal_year=2025, kind="employment", reporter="20310007", revision=2, salary=5_000_000
            ),
        ),
        taxation_carry_over.AssessmentCarriedOver(assessment=row, difference=row.total, balance=balance),
    )


def _numbers() -> tuple[Event | Notice, ...]:
    business = {"business": "national-health-insurance", "number": "K-0099120"}
    row = linkage_numbers.BusinessNumberRow(integrated_addressee_number=HELD.integrated_addressee_number, **business)
    return (
        linkage_numbers.BusinessNumberNotice(
            place="本庁", operator="import", system=_SYSTEM, old_number=_OLD_PERSON, **business
        ),
        linkage_numbers.BusinessNumberLinked(business_number=row),
    )
