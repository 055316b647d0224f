"""One valid example of every type, with values as they occur: one family in Chiyoda (131016) through its days.

Whoever adds a type adds its example here; the tests name the types that have none.
"""

from datetime import date
from typing import Any

from kumiai_contracts import (
    linkage,
    membership,
    operations,
    parameters,
    receipts,
    resident,
    resident_extensions,
    taxation,
)
from kumiai_contracts.examples_addressees import merges
from kumiai_contracts.examples_affairs import affairs
from kumiai_contracts.examples_amendments import amendments
from kumiai_contracts.examples_between import between
from kumiai_contracts.examples_carry_over import carried_over
from kumiai_contracts.examples_exchange import exchanges
from kumiai_contracts.examples_feed import feed
from kumiai_contracts.examples_households import households
from kumiai_contracts.examples_leaving import leave_events, merger_events
from kumiai_contracts.examples_my_number import my_numbers
from kumiai_contracts.examples_resident import FATHER, HOUSEHOLD, MOTHER, resident_events, resident_notices
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Notice


def valid_examples() -> dict[str, Event | Notice]:
    """A valid example of every type, by type."""
    return {
        example.type: example
        for example in (
            *_membership(),
            *leave_events(),
            *merger_events(),
            _parameters(),
            _extensions(),
            *resident_notices(),
            *resident_events(),
            *households(),
            *amendments(),
            *affairs(),
            *between(),
            *feed(),
            *carried_over(),
            *_taxation(),
            *exchanges(),
            *my_numbers(),
            *merges(),
            *_others(),
        )
    }


def _parameters() -> Event:
    rate = parameters.ParameterRow(
        version=1,
        service="taxation",
        name="resident-tax.municipal-rate",
        value='"6.1%"',
        valid_from=date(2027, 4, 1),
        reason="市税条例の一部を改正する条例",
        set_by="131016/system",
        set_at="2026-11-25T04:10:00.000000Z",
        late=False,
    )
    back = rate.model_copy(update={"version": 2, "value": None, "valid_from": date(2030, 4, 1)})
    return parameters.ParametersSet(parameters=(rate, back))


def _extensions() -> Event:
    row = resident_extensions.ResidentExtensionRow(
        movement="resident-registry-receipts:1:4711",
        namespace="ward",
        parameter_version=3,
        extension="8f14e45fceea167a5a36dedd4bea2543c0ffee00d15ea5e0123456789abcdef0",
    )
    return resident_extensions.ResidentExtensionsRecorded(extensions=(row,))


def _taxation() -> tuple[Event | Notice, ...]:
    spouse = taxation.Spouse(birth_date="1986-02-17", income=0)
    dependants = (taxation.Dependant(birth_date="2007-07-21"), taxation.Dependant(birth_date="2011-09-30"))
    report = taxation.IncomeReportRow(
        fiscal_year=2026,
        addressee_number=FATHER,
        employer="0012345",
        salary=5_000_000,
        social_insurance=500_000,
        life_insurance_new=0,
        earthquake_insurance=0,
        spouse=spouse,
        dependants=dependants,
    )
    # Niigata's published example for R8, to the yen.
    assessment = taxation.AssessmentRow(
        fiscal_year=2026,
        addressee_number=FATHER,
        version=1,
        cancelled=False,
        rule_version="r8/1",
        employment_income=3_560_000,
        total_income=3_560_000,
        deductions_total=1_590_000,
        taxable_income=1_970_000,
        income_levy_municipal=151_600,
        income_levy_prefectural=37_900,
        per_capita_municipal=3_000,
        per_capita_prefectural=1_000,
        forest_environment_tax=1_000,
        total=194_500,
        special_collection=(16_300, *(16_200,) * 11),
        ordinary_collection=(50_500, *(48_000,) * 3),
        birth_date="1984-11-03",
        reports=("0012345/1",),
    )
    nothing = {
        name: 0 if isinstance(value, int) else (0,) * len(value)
        for name, value in assessment.model_dump(
            exclude={
                "fiscal_year",
                "addressee_number",
                "version",
                "cancelled",
                "rule_version",
                "birth_date",
                "reports",
            }
        ).items()
    }
    cancelled = assessment.model_copy(update=nothing | {"version": 2, "cancelled": True})
    return (
        taxation.EmploymentIncomeReport(
            fiscal_year=2026,
            addressee_number=FATHER,
            employer="0012345",
            salary=5_000_000,
            social_insurance=500_000,
            spouse=spouse,
            dependants=dependants,
        ),
        taxation.ResidentTaxAssessed(assessment=assessment, income_report=report, difference=194_500),
        taxation.ResidentTaxAssessmentCancelled(assessment=cancelled, difference=-194_500),
        *_work_and_runs(report),
    )


def _work_and_runs(report: taxation.IncomeReportRow) -> tuple[Event | Notice, ...]:
    """A report of somebody unknown, what becomes of it, somebody taxed without being registered, and a run."""
    unknown = taxation.IncomeReport(
        fiscal_year=2026,
        kind="pension",
        reporter="9000017",
        person=taxation.ReportedPerson(name="千代田 梅", name_kana="チヨダ ウメ", birth_date="1949-03-12"),
        further=taxation.FurtherItems(pension=1_920_000),
    )
    elsewhere = unknown.model_copy(update={"residence": "151009"})
    item = taxation.WorkItemRow(
        work_item="taxation-receipts:1:42",
        fiscal_year=2026,
        addressee_number=None,
        code="unknown-person",
        pointer="/addressee_number",
        ja="対象者を特定できない課税資料です。",
        en="Nobody knows whose report this is.",
        state="open",
    )
    forwarded = item.model_copy(update={"state": "forwarded", "forwarded_to": "151009"})
    address = resident.Address(prefecture="東京都", municipality="千代田区", town="九段南一丁目", number="2番1号")
    entry: dict[str, Any] = {
        "name": "新潟 松子",
        "name_kana": "ニイガタ マツコ",
        "birth_date": "1970-08-09",
        "from_year": 2026,
        "until_year": None,
        "registered_in": "151009",
    }
    run = taxation.TaxRunRow(
        fiscal_year=2026,
        state="assessed",
        changed_at="2026-05-08T12:40:11.031200Z",
        changed_by="taxation",
        rule_version="R8/2",
        payers=31_207,
        assessed=27_950,
        exempt=3_201,
        refused=56,
        amount=7_204_118_300,
        last_year_amount=7_011_902_100,
        outliers=412,
    )
    return (
        unknown,
        taxation.SettleWorkItem(work_item=item.work_item, resolution="forward", municipality="151009"),
        taxation.NonResidentTaxpayerNotice(**entry, address=address),
        taxation.IncomeReported(income_report=report),
        taxation.WorkItemRaised(
            work_item=item,
            unmatched_report=taxation.UnmatchedReportRow(work_item=item.work_item, report=unknown),
        ),
        taxation.WorkItemSettled(work_item=item.model_copy(update={"state": "done"})),
        taxation.IncomeReportForwarded(
            work_item=forwarded,
            unmatched_report=taxation.UnmatchedReportRow(work_item=item.work_item, report=elsewhere),
        ),
        taxation.NonResidentTaxpayerEntered(
            taxpayer=taxation.NonResidentTaxpayerRow(
                **entry,
                addressee_number=with_check_digit("900000043", addressee_check_digit),
                address="9f3c1d0b7a62e84f5d1096c2b3a4f7e85061728394a5b6c7d8e9f0a1b2c3d4e5",
            )
        ),
        taxation.TaxRunAdvanced(run=run),
    )


def _membership() -> tuple[Event, ...]:
    joined, later = "2026-03-02T00:15:42.310587Z", "2026-09-30T08:01:09.000412Z"
    key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    party = membership.PartyRow(
        party="juki-system",
        kind="system",
        public_key=key,
        roles=(membership.Role.SYSTEM,),
        purposes=(membership.Purpose.RESIDENT_SERVICES,),
        revoked=False,
        changed_at=joined,
    )
    member = membership.MemberRow(name="千代田区", prefecture="東京都", joined_at=joined)
    registry = membership.SubscriptionRow(service="resident-registry", active=True, changed_at=joined)
    taxes = membership.SubscriptionRow(service="taxation", active=True, changed_at=later)
    return (
        membership.MunicipalityJoined(member=member, subscriptions=(registry,)),
        membership.ServiceSubscribed(subscription=taxes),
        membership.ServiceUnsubscribed(subscription=taxes.model_copy(update={"active": False})),
        membership.PartyRegistered(party=party),
        membership.PartyRevoked(party=party.model_copy(update={"revoked": True, "changed_at": later})),
    )


def _others() -> tuple[Event, ...]:
    link = linkage.AddresseeLinkRow(
        line_of_business="resident-registry",
        addressee_number=FATHER,
        integrated_addressee_number=with_check_digit(f"{1041:014}", addressee_check_digit),
    )
    parked = operations.ParkedRow(
        read_stream="resident", position=1207, keys=(FATHER, MOTHER), state="parked", error="AssessmentRuleMissing"
    )
    return (
        linkage.IntegratedAddresseeNumberAssigned(links=(link,)),
        operations.EventParked(parked=parked),
        operations.ParkedEventSettled(parked=parked.model_copy(update={"state": "retried"})),
        operations.IncarnationBegun(published_up_to=48_211),
        receipts.ReceiptIssued(
            notice_source="urn:lg:131016:juki",
            notice_id="2026-04-06-000417",
            notice_type=resident.MoveInNotice.type,
            notice_digest="9f3c1d0b7a62e84f5d1096c2b3a4f7e85061728394a5b6c7d8e9f0a1b2c3d4e5",
            outcome="accepted",
            caused=(
                receipts.Caused(
                    stream="resident",
                    incarnation=1,
                    position=1208,
                    hash="4b7f2a9c0d5e8f1637a2b4c6d8e0f2143657890abcdef1234567890fedcba987",
                    type=resident.ResidentMovedIn.type,
                    subject=FATHER,
                ),
            ),
            assigned=(
                receipts.Assigned(pointer="/persons/0", kind="addressee-number", number=FATHER),
                receipts.Assigned(pointer="", kind="household-number", number=HOUSEHOLD),
            ),
        ),
    )
