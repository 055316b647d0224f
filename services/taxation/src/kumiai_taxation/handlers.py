"""The taxation service (税) as the ground sees it: load, decide, react."""

from collections.abc import Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Context, Decision, Letter
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.parameters import ParametersSet
from kumiai_contracts.receipts import Reason
from kumiai_contracts.registry import EVENTS
from kumiai_contracts.resident import (
    HouseholdHeadChanged,
    ResidentBorn,
    ResidentCarriedOver,
    ResidentChangedAddress,
    ResidentEvent,
    ResidentMovedIn,
)
from kumiai_contracts.resident_amendments import ResidentEntered
from kumiai_contracts.resident_carry_over import ResidentHistoryCarriedOver
from kumiai_contracts.resident_households import HouseholdsMerged, HouseholdSplit, ResidentChangedHousehold
from kumiai_contracts.taxation import (
    EmploymentIncomeReport,
    IncomeReport,
    IncomeReportForwarded,
    NonResidentTaxpayerNotice,
    SettleWorkItem,
    TaxationEvent,
)
from kumiai_contracts.taxation_carry_over import AssessmentCarryOverNotice, IncomeReportCarryOverNotice

from kumiai_taxation import deciding, store
from kumiai_taxation.carrying_over import carry_over_assessment, carry_over_report
from kumiai_taxation.domain import work
from kumiai_taxation.domain.roll import TaxationState, is_carried_over

_CHANGE_NOTHING = (
    ResidentBorn,
    ResidentCarriedOver,
    ResidentHistoryCarriedOver,
    ResidentMovedIn,
    ResidentChangedAddress,
    ResidentEntered,
    HouseholdHeadChanged,
    HouseholdSplit,
    HouseholdsMerged,
    ResidentChangedHousehold,
)
"""They give new numbers, which nobody has reported about, or change neither who lives here nor a date of birth."""


class Taxation:
    """Assesses from income reports, and follows the registry when it takes a resident back."""

    name = "taxation"
    reacts_to: frozenset[type[Event]] = frozenset(
        (
            ParametersSet,
            *(kind for kind in EVENTS.values() if issubclass(kind, ResidentEvent) and kind not in _CHANGE_NOTHING),
        )
    )
    """What can change who lived here on a 1 January that has passed, a date of birth, or what a year is taxed by."""

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """What is known of everybody whom the notices and events name; of most residents nothing but that."""
        return await store.load(connection, wanted)

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """Take in a report, settle a work item, or enter somebody who is taxed here without being registered."""
        assert isinstance(state, TaxationState)
        match notice:
            case EmploymentIncomeReport():
                return deciding.employment_report(state, notice, context)
            case IncomeReport():
                return deciding.income_report(state, notice, context)
            case SettleWorkItem():
                return deciding.settle_work_item(state, notice, context)
            case NonResidentTaxpayerNotice():
                return deciding.non_resident_taxpayer(state, notice, context)
            case AssessmentCarryOverNotice():
                return carry_over_assessment(state, notice, context)
            case IncomeReportCarryOverNotice():
                return carry_over_report(state, notice, context)
        raise TypeError(type(notice).__name__)

    sends: frozenset[type[Event]] = frozenset((IncomeReportForwarded,))

    def letter(self, event: Event, parts: Mapping[str, bytes]) -> Letter | None:
        """A report for another municipality."""
        assert isinstance(event, IncomeReportForwarded)
        return deciding.letter(event)

    def returned(self, event: Event, reasons: Sequence[Reason], context: Context) -> Sequence[Event]:
        """What becomes of a report that the other municipality does not take."""
        assert isinstance(event, IncomeReportForwarded)
        return (deciding.returned(event, reasons, context),)

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Take back the assessment of whoever, as is known now, didn't live here; assess again whoever did."""
        assert isinstance(state, TaxationState)
        if isinstance(event, ParametersSet):
            return deciding.parameters_changed(state, event, context)
        assert isinstance(event, ResidentEvent)
        people = dict.fromkeys(row.addressee_number for row in event.residents)
        return [following for person in people for following in follow(state, person, context)]


def follow(state: TaxationState, person: str, context: Context) -> Iterator[TaxationEvent]:
    """What a change in the registry means for a person's fiscal years: those that are frozen are only marked."""
    for fiscal_year in state.fiscal_years(person):
        run = state.run(fiscal_year)
        if run is not None and run.state in deciding.COLLECTED:
            continue
        if not _changes(state, person, fiscal_year):
            continue
        name = f"{context.cause}/{fiscal_year}/{person}"
        if run is not None and run.state in deciding.FROZEN:
            yield deciding.raised(name, fiscal_year, person, work.changed_after_freeze())
            continue
        for following in deciding.reassessed(state, fiscal_year, person, context):
            if isinstance(following, Reason):
                yield deciding.raised(name, fiscal_year, person, following)
            else:
                yield following


def _changes(state: TaxationState, person: str, fiscal_year: int) -> bool:
    """Whether what counts for the year is no longer what the latest assessment was made by."""
    latest = state.latest(fiscal_year, person)
    if latest is not None and is_carried_over(latest):
        return not state.taxable_here(person, fiscal_year) or latest.birth_date != state.birth_date(person)
    taxable = state.taxable_here(person, fiscal_year) and bool(state.reports(fiscal_year, person))
    run = state.run(fiscal_year)
    if run is not None and run.state in deciding.FROZEN:
        return bool(state.reports(fiscal_year, person))
    if latest is None or latest.cancelled:
        return taxable
    return not taxable or latest.birth_date != state.birth_date(person)
