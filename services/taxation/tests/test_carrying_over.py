"""Assessments that are carried over (移行): recorded as they are, and changed by nobody but a person."""

from datetime import date
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Refused
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import Address, ResidentMovedOut, Status
from kumiai_contracts.resident_carry_over import CarriedNumberRow
from kumiai_contracts.taxation import (
    EmploymentIncomeReport,
    FurtherItems,
    IncomeReported,
    NonResidentTaxpayerNotice,
    ResidentTaxAssessed,
    WorkItemRaised,
)
from kumiai_contracts.taxation_carry_over import (
    AssessmentCarriedOver,
    AssessmentCarryOverNotice,
    IncomeReportCarryOverNotice,
)

from .test_deciding import Town, report
from .test_store import PERSON, resident

KNOWN = CarriedNumberRow(system="old-juki", kind="person", old_number="A1", number=PERSON)


def notice(**changes: Any) -> AssessmentCarryOverNotice:
    given: dict[str, Any] = {
        "system": "old-juki",
        "old_number": "A1",
        "operator": "import",
        "fiscal_year": 2026,
        "total_income": 2_000_000,
        "deductions_total": 500_000,
        "taxable_income": 1_500_000,
        "income_levy_municipal": 90_000,
        "income_levy_prefectural": 60_000,
        "per_capita_municipal": 3_000,
        "per_capita_prefectural": 1_000,
        "forest_environment_tax": 1_000,
        "total": 155_000,
        "open_balance": 55_000,
        "balance_on": date(2026, 3, 31),
    }
    return AssessmentCarryOverNotice(**{**given, **changes})


@pytest.fixture
def town() -> Town:
    found = Town()
    found.state._put(KNOWN)
    return found


def test_an_assessment_is_recorded_with_what_of_it_is_open(town: Town) -> None:
    decision = town.tell(notice())
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, AssessmentCarriedOver)
    assert (event.assessment.addressee_number, event.assessment.total, event.difference) == (PERSON, 155_000, 155_000)
    assert event.assessment.rule_version == "carried-over/old-juki"
    assert (event.balance.open_balance, event.balance.balance_on) == (55_000, date(2026, 3, 31))
    assert town.state.latest(2026, PERSON) == event.assessment


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"old_number": "B9"}, "unknown-old-number", "/old_number"),
        ({"total": 1}, "total-does-not-add-up", "/total"),
        ({"open_balance": 155_001}, "more-than-total", "/open_balance"),
        ({"special_collected": 155_001}, "more-than-total", "/special_collected"),
        ({"balance_on": date(2099, 1, 1)}, "balance-in-future", "/balance_on"),
    ],
)
def test_what_can_not_be_is_refused(town: Town, changes: dict[str, Any], code: str, pointer: str) -> None:
    decision = town.tell(notice(**changes))
    assert isinstance(decision, Refused)
    assert (code, pointer) in {(reason.code, reason.pointer) for reason in decision.reasons}
    assert town.state.latest(2026, PERSON) is None


def test_a_year_is_carried_over_once(town: Town) -> None:
    town.tell(notice())
    decision = town.tell(notice(open_balance=0))
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["assessed-already"]


@pytest.mark.parametrize(
    "told",
    [report(), EmploymentIncomeReport(fiscal_year=2026, salary=5_000_000, addressee_number=PERSON, employer="1")],
)
def test_a_report_about_a_carried_over_year_is_kept_for_a_person_to_decide(town: Town, told: Notice) -> None:
    town.tell(notice())
    decision = town.tell(told)
    assert isinstance(decision, Accepted)
    assert [type(event) for event in decision.events] == [IncomeReported, WorkItemRaised]
    assert town.state.latest(2026, PERSON).total == 155_000  # type: ignore[union-attr]


def carried(**changes: Any) -> IncomeReportCarryOverNotice:
    given = report().model_copy(update={"addressee_number": None, "revision": 3, **changes})
    return IncomeReportCarryOverNotice(system="old-juki", old_number="A1", report=given)


def test_a_report_is_kept_beside_the_assessment_that_was_made_from_it(town: Town) -> None:
    town.tell(notice())
    decision = town.tell(carried())
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, IncomeReported)
    assert (event.income_report.addressee_number, event.income_report.revision) == (PERSON, 3)
    assert town.state.latest(2026, PERSON).total == 155_000  # type: ignore[union-attr]
    again = town.tell(carried())
    assert isinstance(again, Accepted) and again.events == ()
    other = town.tell(carried(salary=1))
    assert isinstance(other, Refused) and [reason.code for reason in other.reasons] == ["revision-differs"]


def test_a_report_that_nobody_has_assessed_leads_to_an_assessment(town: Town) -> None:
    decision = town.tell(carried())
    assert isinstance(decision, Accepted)
    assert [type(event) for event in decision.events] == [ResidentTaxAssessed]
    assert town.state.latest(2026, PERSON).total > 0  # type: ignore[union-attr]


def test_what_the_rules_have_against_a_carried_report_is_for_a_person(town: Town) -> None:
    decision = town.tell(carried(kind="tax-return", further=FurtherItems(not_computed=("stocks",))))
    assert isinstance(decision, Accepted)
    assert [type(event) for event in decision.events] == [IncomeReported, WorkItemRaised]


def test_a_report_of_somebody_who_was_not_carried_over_is_refused(town: Town) -> None:
    decision = town.tell(carried().model_copy(update={"old_number": "B9"}))
    assert isinstance(decision, Refused)
    assert [reason.code for reason in decision.reasons] == ["unknown-old-number"]


def test_whoever_is_taxed_without_being_registered_is_named_by_the_number_here(town: Town) -> None:
    address = Address(prefecture="東京都", municipality="千代田区", town="丸の内", number="1番1号")
    entry = NonResidentTaxpayerNotice(
        name="住登 外", name_kana="ジュウトウ ガイ", birth_date="1980-01-01", address=address, from_year=2020
    )
    entered = town.tell(entry)
    assert isinstance(entered, Accepted)
    number = entered.assigned[0].number
    for carry in (
        notice(old_number="B9", addressee_number=number),
        carried().model_copy(update={"old_number": "B9", "addressee_number": number}),
    ):
        assert isinstance(town.tell(carry), Accepted)
    assert town.state.latest(2026, number).total == 155_000  # type: ignore[union-attr]
    assert len(town.state.reports(2026, number)) == 1
    # Whom the registry knows is not named so: the old number leads to them.
    assert isinstance(town.tell(notice(old_number="B9", addressee_number=PERSON)), Refused)


def test_what_the_registry_says_about_a_carried_over_year_is_for_a_person_to_decide(town: Town) -> None:
    town.tell(notice())
    gone = resident(history_number=2, status=Status.REMOVED, effective_date=date(2025, 5, 1))
    moved = ResidentMovedOut(residents=(gone,), households=())
    (raised,) = town.happen(moved, gone)
    assert isinstance(raised, WorkItemRaised)
    assert raised.work_item.code == "carried-over-assessment"
    assert town.state.latest(2026, PERSON).total == 155_000  # type: ignore[union-attr]


def test_what_does_not_touch_a_carried_over_year_changes_nothing(town: Town) -> None:
    town.tell(notice())
    died = resident(history_number=2, status=Status.REMOVED, effective_date=date(2026, 5, 1))
    assert town.happen(ResidentMovedOut(residents=(died,), households=()), died) == []
