"""What follows from reports, work items, entries and the registry: pure, without a database."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import Address, ResidentMovedOut, ResidentRow, Status
from kumiai_contracts.taxation import (
    AssessmentRow,
    Dependant,
    EmploymentIncomeReport,
    FurtherItems,
    IncomeReport,
    IncomeReported,
    IncomeReportForwarded,
    NonResidentTaxpayerEntered,
    NonResidentTaxpayerNotice,
    ReportedPerson,
    ResidentTaxAssessed,
    ResidentTaxAssessmentCancelled,
    SettleWorkItem,
    TaxRunAdvanced,
    TaxRunRow,
    WorkItemRaised,
    WorkItemSettled,
)
from kumiai_taxation.domain.roll import TaxationState
from kumiai_taxation.handlers import Taxation
from kumiai_taxation.stored_working import Disagrees, working_of

from .test_store import HERE, PERSON, resident

ELSEWHERE = "141003"


class Town:
    """A municipality's taxation with one resident, to whom things are told."""

    def __init__(self, *rows: ResidentRow) -> None:
        self.state = TaxationState(rows or (resident(),))
        self._service = Taxation()
        self._causes = 0

    def tell(self, notice: Notice) -> Decision:
        """Decide about a notice and apply what follows."""
        decision = self._service.decide(self.state, notice, self._context())
        if isinstance(decision, Accepted):
            self._apply(decision.events)
        return decision

    def happen(self, event: Event, *rows: ResidentRow) -> list[Event]:
        """The registry says something."""
        for row in rows:
            self.state._put(row)
        following = list(self._service.react(self.state, event, self._context()))
        self._apply(following)
        return following

    def run_is(self, state: Any) -> None:
        """The year's run has come to a state."""
        row = TaxRunRow(fiscal_year=2026, state=state, changed_at="2026-05-01T00:00:00.000000Z", changed_by="clerk")
        self._apply([TaxRunAdvanced(run=row)])

    @property
    def total(self) -> int:
        """The tax that counts."""
        latest = self.state.latest(2026, PERSON)
        assert latest is not None
        return latest.total

    @property
    def open_items(self) -> list[tuple[str, str]]:
        """What is open about the person: codes and pointers."""
        return [(item.code, item.pointer) for item in self.state._work_items.values() if item.state == "open"]

    def _apply(self, events: Any) -> None:
        for event in events:
            self.state.apply(event)

    def _context(self) -> Context:
        self._causes += 1
        cause = f"taxation-receipts:1:{self._causes}"
        return Context(HERE, date(2026, 6, 1), "2026-06-01T00:00:00.000000Z", cause, lambda n: bytes([n]) * 32)


def report(**changes: Any) -> IncomeReport:
    given = {"fiscal_year": 2026, "kind": "employment", "reporter": "e1", "addressee_number": PERSON}
    return IncomeReport(**given | {"salary": 4_000_000} | changes)


def kinds(decision: Decision) -> list[type[Event]]:
    assert isinstance(decision, Accepted), decision
    return [type(event) for event in decision.events]


def codes(decision: Decision) -> list[str]:
    assert isinstance(decision, Refused), decision
    return [reason.code for reason in decision.reasons]


def test_a_correction_gives_a_new_version_and_the_difference() -> None:
    town = Town()
    town.tell(report())
    first = town.total
    decision = town.tell(report(revision=2, salary=5_000_000))
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, ResidentTaxAssessed)
    assert (event.assessment.version, event.difference) == (2, town.total - first)
    assert event.assessment.reports == ("e1/2",)


def test_a_withdrawn_report_takes_the_assessment_back_and_another_report_brings_it_again() -> None:
    town = Town()
    town.tell(report())
    assert kinds(town.tell(report(revision=2, withdrawn=True))) == [IncomeReported, ResidentTaxAssessmentCancelled]
    assert town.total == 0
    assert kinds(town.tell(report(reporter="e2"))) == [ResidentTaxAssessed]
    assert town.total > 0


def test_the_order_of_reports_and_corrections_does_not_matter() -> None:
    told = [
        report(salary=9_000_000),
        report(revision=2, salary=3_000_000),
        report(reporter="e2", salary=1_000_000),
        report(reporter="p1", kind="pension", salary=0, further=FurtherItems(pension=1_500_000)),
    ]
    results = set()
    for order in permutations(told):
        town = Town()
        for notice in order:
            town.tell(notice)
        latest = town.state.latest(2026, PERSON)
        assert latest is not None
        results.add((latest.total, latest.reports))
    assert len(results) == 1


def test_a_return_stands_for_everything_that_payers_have_sent() -> None:
    town = Town()
    town.tell(report(salary=9_000_000))
    town.tell(report(kind="tax-return", reporter="r1", salary=4_000_000))
    alone = Town()
    alone.tell(report(salary=4_000_000))
    assert town.total == alone.total


def test_the_same_revision_again_changes_nothing_and_other_content_is_refused() -> None:
    town = Town()
    town.tell(report())
    assert kinds(town.tell(report())) == []
    assert codes(town.tell(report(salary=1))) == ["revision-differs"]


def test_what_is_not_computed_goes_to_the_work_list_and_is_never_zero() -> None:
    town = Town()
    decision = town.tell(report(further=FurtherItems(not_computed=("stocks",))))
    assert kinds(decision) == [IncomeReported, WorkItemRaised]
    assert town.state.latest(2026, PERSON) is None
    assert town.open_items == [("not-implemented", "/further/stocks")]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"further": FurtherItems(widow=True, single_parent="mother")}, "/further/widow"),
        (
            {"further": FurtherItems(medical_paid=200_000, self_medication_paid=50_000)},
            "/further/self_medication_paid",
        ),
        ({"dependants": (Dependant(birth_date="2026-01-01"),)}, "/dependants/0/birth_date"),
    ],
)
@pytest.mark.parametrize("state", [None, "collecting", "frozen", "issued"])
def test_a_report_that_contradicts_itself_is_refused_whenever_it_comes(
    wrong: dict[str, Any], pointer: str, state: str | None
) -> None:
    town = Town()
    if state is not None:
        town.run_is(state)
    decision = town.tell(report(**wrong))
    assert isinstance(decision, Refused)
    assert [reason.pointer for reason in decision.reasons] == [pointer]


def test_two_reports_that_contradict_each_other_are_for_a_person() -> None:
    town = Town()
    town.tell(report(further=FurtherItems(widow=True)))
    before = town.total
    decision = town.tell(report(reporter="e2", further=FurtherItems(single_parent="mother")))
    assert kinds(decision) == [IncomeReported, WorkItemRaised]
    assert town.open_items == [("contradiction", "/further/widow")]
    assert town.total == before


@pytest.mark.parametrize(
    ("absurd", "pointer"),
    [
        ({"salary": 10**12 - 1}, "/income"),
        ({"salary": 1_000_000, "further": FurtherItems(pension=10**12 - 1)}, "/income"),
        ({"social_insurance": 10**12 - 1}, "/deductions"),
    ],
)
def test_absurd_amounts_of_two_reports_together_are_for_a_person_and_never_zero(
    absurd: dict[str, Any], pointer: str
) -> None:
    """Each is one that a notice may hold; the sum is none that an assessment can hold."""
    town = Town()
    town.tell(report())
    before = town.total
    assert kinds(town.tell(report(reporter="e2", **absurd))) == [IncomeReported, WorkItemRaised]
    assert town.open_items == [("too-large", pointer)]
    assert town.total == before


def test_a_payer_s_number_leaves_room_for_the_revision_in_the_name_of_a_report() -> None:
    """Or the assessment would hold a name that no reader of the stream takes."""
    town = Town()
    for given, pointer in (
        (report(reporter="e" * 196), "/reporter"),
        (EmploymentIncomeReport(fiscal_year=2026, addressee_number=PERSON, employer="e" * 196, salary=1), "/employer"),
    ):
        decision = town.tell(given)
        assert isinstance(decision, Refused)
        assert [(reason.code, reason.pointer) for reason in decision.reasons] == [("reporter-too-long", pointer)]
    town.tell(report(reporter="e" * 195, revision=9999))
    latest = town.state.latest(2026, PERSON)
    assert latest is not None
    assert AssessmentRow.model_validate_json(latest.model_dump_json()) == latest


def test_a_report_about_somebody_born_later_is_refused_for_its_number() -> None:
    town = Town(resident(birth_date="2026-01-05"))
    decision = town.tell(report())
    assert isinstance(decision, Refused)
    assert [reason.pointer for reason in decision.reasons] == ["/addressee_number"]


def test_a_report_of_somebody_unknown_waits_until_a_clerk_says_who_it_is() -> None:
    town = Town()
    person = ReportedPerson(name="新潟 太郎", name_kana="ニイガタ タロウ", birth_date="1980-01-01")
    assert kinds(town.tell(report(addressee_number=None, person=person))) == [WorkItemRaised]
    assert codes(town.tell(report(addressee_number=None))) == ["nobody-named"]
    settle = SettleWorkItem(work_item="taxation-receipts:1:1", resolution="match", addressee_number=PERSON)
    assert kinds(town.tell(settle)) == [WorkItemSettled, ResidentTaxAssessed]
    assert codes(town.tell(settle)) == ["unknown-work-item"]


def test_a_report_for_somebody_elsewhere_is_forwarded_there() -> None:
    decision = Town().tell(report(residence=ELSEWHERE, addressee_number="0000000027"))
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, IncomeReportForwarded)
    assert event.work_item.forwarded_to == ELSEWHERE
    assert event.unmatched_report.report.salary == 4_000_000


def test_a_clerk_forwards_what_nobody_here_knows_but_not_to_oneself() -> None:
    town = Town()
    unknown = "0000000027"
    town.tell(report(addressee_number=unknown))
    name = "taxation-receipts:1:1"
    assert codes(town.tell(SettleWorkItem(work_item=name, resolution="forward", municipality=HERE))) == [
        "resolution-does-not-fit"
    ]
    forwarded = town.tell(SettleWorkItem(work_item=name, resolution="forward", municipality=ELSEWHERE))
    assert kinds(forwarded) == [IncomeReportForwarded]


def test_a_correction_that_names_another_residence_is_forwarded_and_takes_back_what_was_assessed_here() -> None:
    town = Town()
    town.tell(report())
    moved = report(revision=2, residence=ELSEWHERE)
    assert kinds(town.tell(moved)) == [IncomeReportForwarded, IncomeReported, ResidentTaxAssessmentCancelled]
    assert town.total == 0
    assert kinds(town.tell(moved)) == [IncomeReportForwarded]
    assert kinds(town.tell(report(revision=3))) == [ResidentTaxAssessed]
    late = town.tell(report(revision=2, residence=ELSEWHERE))
    assert kinds(late) == [IncomeReportForwarded]
    assert town.total > 0


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_the_order_of_a_changed_residence_does_not_matter_either(order: tuple[int, ...]) -> None:
    told = {1: report(), 2: report(revision=2, residence=ELSEWHERE), 3: report(reporter="e2", salary=2_000_000)}
    town, alone = Town(), Town()
    for n in order:
        town.tell(told[n])
    alone.tell(told[3])
    assert town.total == alone.total > 0


def test_after_the_freeze_a_changed_residence_is_forwarded_and_marked() -> None:
    town = Town()
    town.run_is("collecting")
    town.tell(report())
    town.run_is("confirmed")
    decision = town.tell(report(revision=2, residence=ELSEWHERE))
    assert kinds(decision) == [IncomeReportForwarded, IncomeReported, WorkItemRaised]
    assert isinstance(decision, Accepted)
    forwarded, _, marked = decision.events
    assert isinstance(forwarded, IncomeReportForwarded)
    assert isinstance(marked, WorkItemRaised)
    assert marked.work_item.code == "changed-after-freeze"
    assert marked.work_item.work_item != forwarded.work_item.work_item


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_corrections_and_a_withdrawal_that_wait_for_a_person_count_by_revision(order: tuple[int, ...]) -> None:
    """Three revisions of somebody unknown wait; whichever a clerk matches first, the last one counts."""
    town = Town()
    person = ReportedPerson(name="新潟 太郎", name_kana="ニイガタ タロウ", birth_date="1980-01-01")
    unknown = [
        report(addressee_number=None, person=person),
        report(addressee_number=None, person=person, revision=2, salary=6_000_000),
        report(addressee_number=None, person=person, revision=3, withdrawn=True),
    ]
    for notice in unknown:
        assert kinds(town.tell(notice)) == [WorkItemRaised]
    for n in order:
        settle = SettleWorkItem(work_item=f"taxation-receipts:1:{n}", resolution="match", addressee_number=PERSON)
        assert kinds(town.tell(settle))[0] is WorkItemSettled
    latest = town.state.latest(2026, PERSON)
    assert latest is None or (latest.cancelled and not latest.total)


def test_a_withdrawal_after_the_freeze_is_kept_and_marked_and_after_the_issue_takes_the_tax_back() -> None:
    town = Town()
    town.tell(report())
    town.run_is("assessed")
    assert kinds(town.tell(report(revision=2, withdrawn=True))) == [IncomeReported, WorkItemRaised]
    assert town.total > 0
    town.run_is("issued")
    decision = town.tell(report(revision=3, withdrawn=True))
    assert kinds(decision) == [IncomeReported, ResidentTaxAssessmentCancelled]
    assert town.total == 0


def test_several_payers_are_added_and_one_s_correction_changes_its_own_part_alone() -> None:
    town, alone = Town(), Town()
    for reporter, salary in (("e1", 3_000_000), ("e2", 1_000_000), ("e3", 500_000)):
        town.tell(report(reporter=reporter, salary=salary))
    alone.tell(report(salary=4_500_000))
    assert town.total == alone.total
    town.tell(report(reporter="e2", revision=2, salary=2_000_000))
    alone.tell(report(revision=2, salary=5_500_000))
    assert town.total == alone.total
    town.tell(report(reporter="e3", revision=2, withdrawn=True))
    alone.tell(report(revision=3, salary=5_000_000))
    assert town.total == alone.total


def gone(**changes: Any) -> ResidentRow:
    return resident(history_number=2, status=Status.REMOVED, effective_date=date(2025, 12, 31), **changes)


def test_whoever_left_before_january_is_put_on_the_work_list() -> None:
    town = Town(resident(), gone())
    assert kinds(town.tell(report())) == [IncomeReported, WorkItemRaised]
    assert town.open_items == [("not-taxable-here", "/addressee_number")]


def test_a_resident_cancelled_in_the_registry_is_followed_and_comes_back() -> None:
    town = Town()
    town.tell(report())
    left = gone()
    event = ResidentMovedOut(residents=(left,), households=())
    assert [type(found) for found in town.happen(event, left)] == [ResidentTaxAssessmentCancelled]
    back = resident(history_number=3, cancels=2, effective_date=date(2026, 2, 1))
    again = town.happen(ResidentMovedOut(residents=(back,), households=()), back)
    assert [type(found) for found in again] == [ResidentTaxAssessed]


def test_a_corrected_date_of_birth_is_assessed_again() -> None:
    town = Town()
    town.tell(report(salary=0, kind="pension", further=FurtherItems(pension=1_600_000)))
    corrected = resident(history_number=2, birth_date="1950-01-01")
    before = town.total
    (event,) = town.happen(ResidentMovedOut(residents=(corrected,), households=()), corrected)
    assert isinstance(event, ResidentTaxAssessed)
    assert event.difference == town.total - before < 0


def test_before_the_run_reports_are_collected_and_after_the_freeze_they_are_marked() -> None:
    town = Town()
    town.run_is("collecting")
    assert kinds(town.tell(report())) == [IncomeReported]
    left = gone()
    assert town.happen(ResidentMovedOut(residents=(left,), households=()), left) == []
    town = Town()
    town.run_is("collecting")
    town.tell(report())
    town.run_is("assessed")
    assert kinds(town.tell(report(revision=2))) == [IncomeReported, WorkItemRaised]
    (marked,) = town.happen(ResidentMovedOut(residents=(left,), households=()), left)
    assert isinstance(marked, WorkItemRaised)
    assert marked.work_item.code == "changed-after-freeze"
    assert town.state.latest(2026, PERSON) is None


def test_somebody_taxed_without_being_registered_gets_an_entry_and_is_assessed() -> None:
    town = Town()
    address = Address(prefecture="新潟県", municipality="新潟市", town="学校町通", number="1")
    notice = NonResidentTaxpayerNotice(
        name="東京 花", name_kana="トウキョウ ハナ", birth_date="1975-04-01", address=address, from_year=2026
    )
    decision = town.tell(notice)
    assert isinstance(decision, Accepted)
    (event,) = decision.events
    assert isinstance(event, NonResidentTaxpayerEntered)
    number = event.taxpayer.addressee_number
    assert number.startswith("9")
    assert decision.assigned[0].number == number
    assert kinds(town.tell(report(addressee_number=number))) == [ResidentTaxAssessed]
    assert kinds(town.tell(report(addressee_number=number, fiscal_year=2025))) == [IncomeReported, WorkItemRaised]
    reversed_ = notice.model_copy(update={"until_year": 2025})
    assert codes(town.tell(reversed_)) == ["years-reversed"]


def test_the_working_of_a_stored_assessment_is_made_again_or_not_shown() -> None:
    town = Town()
    town.tell(report(salary=6_123_456, social_insurance=812_345))
    row = town.state.latest(2026, PERSON)
    assert row is not None
    steps = {step["key"]: step["result"] for step in working_of(HERE, town.state, row)}
    assert steps["total"] == row.total
    assert steps["taxable_income"] == row.taxable_income
    for wrong in ({"total": row.total + 1}, {"rule_version": "R8/0"}, {"reports": ("e1/7",)}, {"reports": ()}):
        with pytest.raises(Disagrees):
            working_of(HERE, town.state, row.model_copy(update=wrong))
