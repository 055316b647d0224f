"""The taxation service (税) as the ground sees it: load, decide, react."""

from collections.abc import Iterator, Mapping, Sequence

from kumiai_common.database import Connection
from kumiai_common.protocol import State
from kumiai_contracts.decision import Accepted, Context, Decision, Refused
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import (
    ResidentDied,
    ResidentEvent,
    ResidentMovedOut,
    ResidentMovementCancelled,
)
from kumiai_contracts.taxation import EmploymentIncomeReport, IncomeReportRow, TaxationEvent

from kumiai_taxation import store
from kumiai_taxation.assessing import assess_reports
from kumiai_taxation.domain import refusals
from kumiai_taxation.domain.roll import TaxationState, assessment_date, cancelled, lived_here, next_version


class Taxation:
    """Assesses from income reports, and follows the registry when it takes a resident back."""

    name = "taxation"
    reacts_to: frozenset[type[Event]] = frozenset((ResidentMovedOut, ResidentDied, ResidentMovementCancelled))
    """Only what can change who lived here on a 1 January that has passed."""

    async def load(self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]) -> Mapping[str, State]:
        """Histories, reports and assessments of everybody whom the notices and events name."""
        people = {(m, person) for m, items in wanted.items() for item in items for person in _people(item)}
        return await store.load(connection, list(wanted), sorted(people))

    def decide(self, state: State, notice: Notice, context: Context) -> Decision:
        """Take in an employment-income report and assess the person."""
        assert isinstance(state, TaxationState)
        assert isinstance(notice, EmploymentIncomeReport)
        history = state.history(notice.addressee_number)
        if not history:
            return Refused((refusals.unknown_resident("/addressee_number"),))
        if not lived_here(history, assessment_date(notice.fiscal_year)):
            return Refused((refusals.not_resident_on_assessment_date("/addressee_number"),))
        report = _report(notice)
        others = [
            other
            for other in state.reports(notice.fiscal_year, notice.addressee_number)
            if other.employer != report.employer
        ]
        assessed = assess_reports(context.municipality, history[-1], [report, *others])
        if isinstance(assessed, tuple):
            return Refused(assessed)
        return Accepted((next_version(state, assessed, report),))

    def react(self, state: State, event: Event, context: Context) -> Sequence[Event]:
        """Take back the assessment of whoever, as is known now, didn't live here; assess again whoever did."""
        assert isinstance(state, TaxationState)
        return [following for person in _people(event) for following in self._follow(state, person, context)]

    def _follow(self, state: TaxationState, person: str, context: Context) -> Iterator[TaxationEvent]:
        history = state.history(person)
        for fiscal_year in state.fiscal_years(person):
            latest = state.latest(fiscal_year, person)
            taxable = lived_here(history, assessment_date(fiscal_year))
            if latest is not None and not latest.cancelled and not taxable:
                yield cancelled(latest)
            elif latest is not None and latest.cancelled and taxable:
                reports = state.reports(fiscal_year, person)
                assessed = assess_reports(context.municipality, history[-1], reports)
                if not isinstance(assessed, tuple):
                    yield next_version(state, assessed, reports[0])


def _report(notice: EmploymentIncomeReport) -> IncomeReportRow:
    return IncomeReportRow(**{name: getattr(notice, name) for name in IncomeReportRow.model_fields})


def _people(item: Notice | Event) -> list[str]:
    match item:
        case EmploymentIncomeReport():
            return [item.addressee_number]
        case ResidentEvent():
            return list(dict.fromkeys(row.addressee_number for row in item.residents))
    return []
