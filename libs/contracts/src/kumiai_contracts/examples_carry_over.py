"""Valid examples of what a migration brings: a couple that moved in in 2020, from the system used before."""

from datetime import date

from kumiai_contracts import resident, resident_carry_over
from kumiai_contracts.examples_resident import FATHER, HOUSEHOLD, example_row
from kumiai_contracts.model import Event, Notice

_SYSTEM, _OLD_PERSON, _OLD_HOUSEHOLD = "old-juki", "00012345", "H000678"
_CUTOVER = date(2026, 3, 31)
_HOME = resident.Address(prefecture="東京都", municipality="千代田区", town="神田駿河台二丁目", number="1番3号")
_BEFORE = resident.Address(prefecture="新潟県", municipality="新潟市中央区", town="学校町通一番町", number="602番地1")


def _movement(reason: resident.Reason, on: date, **changes: object) -> resident_carry_over.CarriedMovement:
    given: dict[str, object] = {
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
    return resident_carry_over.CarriedMovement(**{**given, **changes})  # type: ignore[arg-type]


def carried_over() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    history = (
        _movement(resident.Reason.DOMESTIC_MOVE_IN, date(2020, 4, 1), previous_address=_BEFORE),
        _movement(resident.Reason.MINOR_AMENDMENT, date(2023, 5, 8), ex_officio=True),
    )
    person = resident_carry_over.CarriedPerson(old_number=_OLD_PERSON, history=history)
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
    )
