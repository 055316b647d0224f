"""A valid example of every type about households at one address: the Watanabes part, and come together again."""

from datetime import date
from typing import Any

from kumiai_contracts import resident, resident_households
from kumiai_contracts.examples_resident import CHILD, DAUGHTER, FATHER, HEAD, HOUSEHOLD, MOTHER, SON, WIFE, example_row
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.topics import receipts_stream

_OTHER = with_check_digit("000000733", addressee_check_digit)
_DAY = date(2026, 9, 1)
_WHEN: dict[str, Any] = {
    "effective_date": _DAY,
    "notified_date": _DAY,
    "place": "千代田区役所 戸籍住民課",
    "operator": "juki-0117",
}


def households() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    return (*_notices(), *_events())


def _notices() -> tuple[Notice, ...]:
    return (
        resident_households.HouseholdSplitNotice(
            **_WHEN, addressee_numbers=(MOTHER, DAUGHTER), relationships={MOTHER: HEAD, DAUGHTER: CHILD}
        ),
        resident_households.HouseholdMergeNotice(
            **_WHEN,
            household_number=HOUSEHOLD,
            merged_household_number=_OTHER,
            relationships={MOTHER: WIFE, DAUGHTER: CHILD},
        ),
        resident_households.ChangeOfHouseholdNotice(
            **_WHEN, addressee_numbers=(SON,), household_number=_OTHER, relationships={SON: CHILD}
        ),
    )


def _events() -> tuple[Event, ...]:
    parted = resident.HouseholdRow(household_number=_OTHER, head=MOTHER, members=(MOTHER, DAUGHTER))
    joined = parted.model_copy(update={"members": (MOTHER, DAUGHTER, SON)})
    ended = parted.model_copy(update={"head": None, "members": ()})

    def home(*members: str) -> resident.HouseholdRow:
        return resident.HouseholdRow(household_number=HOUSEHOLD, head=FATHER, members=members)

    def row(who: str, number: int, reason: resident.Reason, household: str, relationship: str) -> resident.ResidentRow:
        return example_row(
            who,
            history_number=number,
            reason=reason,
            household_number=household,
            relationship=relationship,
            effective_date=_DAY,
            notified_date=_DAY,
            processed_date=_DAY,
            movement=f"{receipts_stream(resident.SERVICE)}:1:{500 + number}",
        )

    split, merge = resident.Reason.HOUSEHOLD_SPLIT, resident.Reason.HOUSEHOLD_MERGE
    changed = resident.Reason.CHANGE_OF_HOUSEHOLD
    return (
        resident_households.HouseholdSplit(
            residents=(row(MOTHER, 2, split, _OTHER, HEAD), row(DAUGHTER, 2, split, _OTHER, CHILD)),
            households=(home(FATHER, SON), parted),
        ),
        resident_households.HouseholdsMerged(
            residents=(row(MOTHER, 3, merge, HOUSEHOLD, WIFE), row(DAUGHTER, 3, merge, HOUSEHOLD, CHILD)),
            households=(home(FATHER, SON, MOTHER, DAUGHTER), ended),
        ),
        resident_households.ResidentChangedHousehold(
            residents=(row(SON, 2, changed, _OTHER, CHILD),), households=(home(FATHER), joined)
        ),
    )
