"""Decisions about notices: a report is taken in, assessed or put aside; a work item is settled; an entry is made."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
from kumiai_contracts.decision import Accepted, Context, Decision, Letter, Refused, SealedPart
from kumiai_contracts.envelope import Cause
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event
from kumiai_contracts.parameters import ParametersSet
from kumiai_contracts.receipts import Assigned, Reason
from kumiai_contracts.taxation import (
    SERVICE,
    EmploymentIncomeReport,
    IncomeReport,
    IncomeReported,
    IncomeReportForwarded,
    IncomeReportRow,
    NonResidentTaxpayerEntered,
    NonResidentTaxpayerNotice,
    NonResidentTaxpayerRow,
    ReportedPerson,
    SettleWorkItem,
    TaxationEvent,
    UnmatchedReportRow,
    WorkItemRaised,
    WorkItemRow,
    WorkItemSettled,
)

from kumiai_taxation.assessing import assess_reports, faults_of
from kumiai_taxation.domain import refusals, work
from kumiai_taxation.domain.roll import (
    LONGEST_REPORTER,
    TaxationState,
    assessment_date,
    cancelled,
    is_carried_over,
    lived_here,
    next_version,
)
from kumiai_taxation.own_parameters import OwnParameters, first_day

COLLECTED = frozenset(("collecting",))
FROZEN = frozenset(("frozen", "assessed", "confirmed", "issuing"))
NON_RESIDENT_DIGIT = "9"
"""First digit of a 住登外者's 宛名番号; the registry counts up from 000000001."""


def employment_report(state: TaxationState, notice: EmploymentIncomeReport, context: Context) -> Decision:
    """給与支払報告書 from the municipality's own system, for somebody whom the registry knows."""
    number = notice.addressee_number
    if len(notice.employer) > LONGEST_REPORTER:
        return Refused((refusals.reporter_too_long("/employer", LONGEST_REPORTER),))
    history = state.history(number)
    if not history:
        return Refused((refusals.unknown_resident("/addressee_number"),))
    if not lived_here(history, assessment_date(notice.fiscal_year)):
        return Refused((refusals.not_resident_on_assessment_date("/addressee_number"),))
    earlier = state.revisions(notice.fiscal_year, number, notice.employer)
    given = {name: getattr(notice, name) for name in EmploymentIncomeReport.model_fields}
    row = IncomeReportRow(**given, revision=max((old.revision for old in earlier), default=0) + 1)
    return _taken_in(state, row, context)


def income_report(state: TaxationState, notice: IncomeReport, context: Context) -> Decision:
    """課税資料 of any kind, in any revision."""
    number = notice.addressee_number
    if len(notice.reporter) > LONGEST_REPORTER:
        return Refused((refusals.reporter_too_long("/reporter", LONGEST_REPORTER),))
    if notice.residence is not None and notice.residence != context.municipality:
        item = work.open_item(context.cause, notice.fiscal_year, None, work.not_taxable_here())
        here = _no_longer_here(state, notice, context)
        return Accepted((_forwarded(state, work.settled(item, "forwarded", notice.residence), notice), *here))
    if number is None and notice.person is None:
        return Refused((refusals.nobody_named("/person"),))
    if number is None or not state.knows(number):
        item = work.open_item(context.cause, notice.fiscal_year, None, work.unknown_person())
        kept = UnmatchedReportRow(work_item=item.work_item, report=notice)
        return Accepted((WorkItemRaised(work_item=item, unmatched_report=kept),))
    row = row_of(notice, number)
    same = [old for old in state.revisions(row.fiscal_year, number, row.employer) if old.revision == row.revision]
    if same:
        return Accepted(()) if same == [row] else Refused((refusals.revision_differs("/revision"),))
    return _taken_in(state, row, context)


def _no_longer_here(state: TaxationState, notice: IncomeReport, context: Context) -> tuple[Event, ...]:
    """For somebody known here this revision counts as withdrawn: what was taken in before is taken back, and an earlier
    revision that comes later counts as little."""
    number = notice.addressee_number
    if number is None or not state.knows(number):
        return ()
    if any(old.revision == notice.revision for old in state.revisions(notice.fiscal_year, number, notice.reporter)):
        return ()
    row = row_of(notice.model_copy(update={"withdrawn": True}), number)
    return consequences(state, row, replace(context, cause=f"{context.cause}/here"))


def settle_work_item(state: TaxationState, notice: SettleWorkItem, context: Context) -> Decision:
    """要確認事項の処理."""
    item = state.work_item(notice.work_item)
    if item is None or item.state != "open":
        return Refused((refusals.unknown_work_item("/work_item"),))
    unmatched = state.unmatched(notice.work_item)
    match notice.resolution:
        case "done":
            return Accepted((WorkItemSettled(work_item=work.settled(item, "done")),))
        case "forward" if unmatched and notice.municipality not in (None, context.municipality):
            return Accepted(
                (_forwarded(state, work.settled(item, "forwarded", notice.municipality), unmatched.report),)
            )
        case "match" if unmatched and notice.addressee_number and state.knows(notice.addressee_number):
            number = notice.addressee_number
            report = unmatched.report.model_copy(update={"addressee_number": number, "residence": None})
            taken = income_report(state, report, context)
            matched = work.settled(item, "matched").model_copy(update={"addressee_number": number})
            if isinstance(taken, Refused):
                return taken
            return Accepted((WorkItemSettled(work_item=matched), *taken.events))
    return Refused((refusals.resolution_does_not_fit("/resolution"),))


def non_resident_taxpayer(state: TaxationState, notice: NonResidentTaxpayerNotice, context: Context) -> Decision:
    """住登外者の登録: an entry of its own, with a number that follows from the notice's receipt."""
    if notice.until_year is not None and notice.until_year < notice.from_year:
        return Refused((refusals.years_reversed("/until_year"),))
    number = notice.addressee_number
    if number is not None and (not state.knows(number) or state.history(number)):
        return Refused((refusals.unknown_resident("/addressee_number"),))
    given = {name: getattr(notice, name) for name in NonResidentTaxpayerRow.model_fields if name != "address"}
    body = f"{NON_RESIDENT_DIGIT}{Cause.parse(context.cause).position:08}"
    given["addressee_number"] = number or with_check_digit(body, addressee_check_digit)
    part = SealedPart("address", context.salt(0), orjson.dumps(notice.address.model_dump()))
    row = NonResidentTaxpayerRow(**given, address=part.commitment)
    assigned = () if number else (Assigned(pointer="", kind="addressee-number", number=row.addressee_number),)
    return Accepted((NonResidentTaxpayerEntered(taxpayer=row),), (part,), assigned)


def letter(event: IncomeReportForwarded) -> Letter:
    """課税資料の回送, as the other municipality's intake gets it: without what means something only to the sender."""
    recipient = event.work_item.forwarded_to
    assert recipient is not None
    report = event.unmatched_report.report
    return Letter(recipient, report.model_copy(update={"addressee_number": None, "residence": None}))


def returned(event: IncomeReportForwarded, reasons: Sequence[Reason], context: Context) -> WorkItemRaised:
    """A report that the other municipality does not take is a person's affair again."""
    report = event.unmatched_report.report
    item = work.open_item(f"{context.cause}/returned", report.fiscal_year, None, work.returned(reasons[0]))
    return WorkItemRaised(work_item=item, unmatched_report=UnmatchedReportRow(work_item=item.work_item, report=report))


def reassessed(
    state: TaxationState, fiscal_year: int, number: str, context: Context, report: IncomeReportRow | None = None
) -> tuple[TaxationEvent, ...] | tuple[Reason, ...]:
    """What follows for a person's assessment from all that is known now, a new report included; or why nothing can."""
    state_of_reports = state.reports(fiscal_year, number) if report is None else _with(state, report)
    latest = state.latest(fiscal_year, number)
    if is_carried_over(latest):
        return (work.carried_over_assessment(),)
    if not state_of_reports or not state.taxable_here(number, fiscal_year):
        return (cancelled(latest),) if latest is not None and not latest.cancelled else ()
    row = assess_reports(
        context.municipality, number, state.birth_date(number), state_of_reports, OwnParameters(state.settings)
    )
    if isinstance(row, tuple):
        return row
    return (next_version(state, row, report),)


def _taken_in(state: TaxationState, row: IncomeReportRow, context: Context) -> Decision:
    """A new revision is refused for a fault of its own alone, so that the order doesn't count in which reports come.

    What is wrong with all of them together is for a person.
    """
    own = OwnParameters(state.settings)
    faults = () if row.withdrawn else faults_of(context.municipality, state.birth_date(row.addressee_number), row, own)
    return Refused(faults) if faults else Accepted(consequences(state, row, context))


def consequences(state: TaxationState, row: IncomeReportRow, context: Context) -> tuple[Event, ...]:
    """What follows from a new revision: depends on how far the year's run has come, and on who taxes the person."""
    year, number = row.fiscal_year, row.addressee_number
    reported = IncomeReported(income_report=row)
    run = state.run(year)
    if run is not None and run.state in COLLECTED:
        return (reported,)
    if run is not None and run.state in FROZEN:
        return (reported, raised(context.cause, year, number, work.changed_after_freeze()))
    if not state.taxable_here(number, year) and not row.withdrawn:
        return (reported, raised(context.cause, year, number, work.not_taxable_here()))
    following = reassessed(state, year, number, context, row)
    reasons = [reason for reason in following if isinstance(reason, Reason)]
    if reasons:
        return (reported, raised(context.cause, year, number, reasons[0]))
    events = tuple(event for event in following if isinstance(event, TaxationEvent))
    named = any(getattr(event, "income_report", None) is not None for event in events)
    return events if named else (reported, *events)


def _with(state: TaxationState, row: IncomeReportRow) -> list[IncomeReportRow]:
    """The counting reports as they are once a new revision has been taken in."""
    after = TaxationState(
        [
            *(old for reporter in state.reporters(row.fiscal_year, row.addressee_number) for old in reporter),
            row,
        ]
    )
    return after.reports(row.fiscal_year, row.addressee_number)


def parameters_changed(state: TaxationState, event: ParametersSet, context: Context) -> tuple[WorkItemRaised, ...]:
    """A setting for a year that has assessments: they stay as issued, and a person decides what to correct."""
    after = OwnParameters(state.settings)
    before = after.before(event.parameters[0].version)
    return tuple(
        raised(f"{context.cause}/{year}", year, None, work.parameters_changed())
        for year in state.assessed_years
        if any(row.service == SERVICE and row.valid_from <= first_day(year) for row in event.parameters)
        and before.own_values(year) != after.own_values(year)
    )


def raised(name: str, fiscal_year: int, number: str | None, reason: Reason) -> WorkItemRaised:
    """The event of a new work item without a report of its own."""
    return WorkItemRaised(work_item=work.open_item(name, fiscal_year, number, reason))


def _forwarded(state: TaxationState, item: WorkItemRow, report: IncomeReport) -> IncomeReportForwarded:
    """The report on its way: it names the person, since the number means nothing to the municipality that gets it."""
    history = state.history(report.addressee_number) if report.person is None and report.addressee_number else ()
    if history:
        known = history[-1]
        person = ReportedPerson(name=known.name, name_kana=known.name_kana, birth_date=known.birth_date)
        report = report.model_copy(update={"person": person})
    kept = UnmatchedReportRow(work_item=item.work_item, report=report)
    return IncomeReportForwarded(work_item=item, unmatched_report=kept)


def row_of(notice: IncomeReport, number: str) -> IncomeReportRow:
    return IncomeReportRow(
        fiscal_year=notice.fiscal_year,
        addressee_number=number,
        employer=notice.reporter,
        revision=notice.revision,
        kind=notice.kind,
        withdrawn=notice.withdrawn,
        salary=notice.salary,
        social_insurance=notice.social_insurance,
        life_insurance_new=notice.life_insurance_new,
        earthquake_insurance=notice.earthquake_insurance,
        spouse=notice.spouse,
        dependants=notice.dependants,
        further=notice.further,
    )
