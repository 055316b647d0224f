"""Valid examples of the resident registry's types: the Watanabe family moves in, grows, moves, and parts."""

from datetime import date

from kumiai_contracts import resident
from kumiai_contracts.chain import commitment
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Notice, canonical_json
from kumiai_contracts.topics import receipts_stream


def _number(n: int) -> str:
    return with_check_digit(f"{n:09}", addressee_check_digit)


FATHER, MOTHER, DAUGHTER, SON = (_number(n) for n in (1041, 1042, 1043, 1044))
HOUSEHOLD = _number(520)
MOVED_IN, NOTIFIED = date(2026, 4, 1), date(2026, 4, 6)
HEAD, WIFE, CHILD = "世帯主", "妻", "子"

_HOME = resident.Address(
    prefecture="東京都", municipality="千代田区", town="神田駿河台二丁目", number="1番3号", building="駿河台ハイツ201"
)
_NEW_HOME = resident.Address(prefecture="東京都", municipality="千代田区", town="富士見一丁目", number="6番8号")
_OLD_HOME = resident.Address(prefecture="新潟県", municipality="新潟市中央区", town="学校町通一番町", number="602番地1")
_PLACE, _OPERATOR = "千代田区役所 戸籍住民課", "juki-0117"


def _sealed(address: resident.Address) -> str:
    return commitment(bytes(32), canonical_json(address.model_dump()))  # an example's salt; a real one is random


_FATHER = resident.Person(
    name="渡邉 拓也", name_kana="ワタナベ タクヤ", birth_date="1984-11-03", sex=resident.Sex.MALE, relationship=HEAD
)
_MOTHER = resident.Person(
    name="渡邉 美咲", name_kana="ワタナベ ミサキ", birth_date="1986-02-17", sex=resident.Sex.FEMALE, relationship=WIFE
)
_DAUGHTER = resident.Person(
    name="渡邉 陽菜", name_kana="ワタナベ ハルナ", birth_date="2012-07-21", sex=resident.Sex.FEMALE, relationship=CHILD
)
_SON = resident.Person(
    name="渡邉 蓮", name_kana="ワタナベ レン", birth_date="2026-05-09", sex=resident.Sex.MALE, relationship=CHILD
)

_FIRST_ROW = resident.ResidentRow(
    addressee_number=FATHER,
    history_number=1,
    status=resident.Status.RESIDENT,
    household_number=HOUSEHOLD,
    relationship=HEAD,
    name=_FATHER.name,
    name_kana=_FATHER.name_kana,
    birth_date=_FATHER.birth_date,
    sex=_FATHER.sex,
    resident_since="2026-04-01",
    address_since="2026-04-01",
    address=_sealed(_HOME),
    previous_address=_sealed(_OLD_HOME),
    reason=resident.Reason.DOMESTIC_MOVE_IN,
    effective_date=MOVED_IN,
    notified_date=NOTIFIED,
    processed_date=NOTIFIED,
    ex_officio=False,
    place=_PLACE,
    operator=_OPERATOR,
    movement=f"{receipts_stream(resident.SERVICE)}:1:417",
)


def _row(person: resident.Person, number: str, **changes: object) -> resident.ResidentRow:
    who = person.model_dump() | {"addressee_number": number}
    return resident.ResidentRow.model_validate(_FIRST_ROW.model_dump() | who | changes)


def example_row(number: str, **changes: object) -> resident.ResidentRow:
    """A history row of a member of the family, with these changes."""
    people = {FATHER: _FATHER, MOTHER: _MOTHER, DAUGHTER: _DAUGHTER, SON: _SON}
    return _row(people[number], number, **changes)


def _household(*members: str, head: str | None = FATHER) -> tuple[resident.HouseholdRow, ...]:
    return (resident.HouseholdRow(household_number=HOUSEHOLD, head=head, members=members),)


def resident_events() -> tuple[Event, ...]:
    """A valid example of every event of the stream `resident`."""
    father, mother, daughter = (
        _row(_FATHER, FATHER),
        _row(_MOTHER, MOTHER),
        _row(_DAUGHTER, DAUGHTER),
    )
    born, moved, left, died = date(2026, 5, 9), date(2026, 7, 1), date(2027, 3, 31), date(2071, 1, 15)

    def on(day: date, reason: resident.Reason, history_number: int = 2) -> dict[str, object]:
        days = {"effective_date": day, "notified_date": day, "processed_date": day}
        movement = f"{receipts_stream(resident.SERVICE)}:1:{417 + history_number}"
        return days | {
            "reason": reason,
            "history_number": history_number,
            "previous_address": None,
            "movement": movement,
        }

    def removed(day: date, reason: resident.Reason) -> dict[str, object]:
        return on(day, reason) | {"status": resident.Status.REMOVED, "removed_on": day}

    going = removed(left, resident.Reason.DOMESTIC_MOVE_OUT) | {"destination_address": _sealed(_OLD_HOME)}
    moving = on(moved, resident.Reason.CHANGE_OF_ADDRESS) | {
        "address": _sealed(_NEW_HOME),
        "address_since": "2026-07-01",
    }
    heading = on(moved, resident.Reason.CHANGE_OF_HEAD)
    birth = on(born, resident.Reason.BIRTH, 1) | {"resident_since": "2026-05-09", "address_since": "2026-05-09"}
    carried = {"reason": resident.Reason.CARRIED_OVER, "previous_address": None, "resident_since": "1998-XX-XX"}
    everybody = _household(FATHER, MOTHER, DAUGHTER)
    return (
        resident.ResidentCarriedOver(residents=(_row(_FATHER, FATHER, **carried),), households=_household(FATHER)),
        resident.ResidentMovedIn(residents=(father, mother, daughter), households=everybody),
        resident.ResidentBorn(
            residents=(_row(_SON, SON, **birth),), households=_household(FATHER, MOTHER, DAUGHTER, SON)
        ),
        resident.ResidentMovedOut(
            residents=(_row(_DAUGHTER, DAUGHTER, **going),), households=_household(FATHER, MOTHER)
        ),
        resident.ResidentDied(
            residents=(_row(_FATHER, FATHER, **removed(died, resident.Reason.DEATH)),),
            households=_household(MOTHER, DAUGHTER, head=None),
        ),
        resident.ResidentChangedAddress(
            residents=(_row(_FATHER, FATHER, **moving), _row(_MOTHER, MOTHER, **moving)), households=()
        ),
        resident.HouseholdHeadChanged(
            residents=(
                _row(_FATHER, FATHER, **heading, relationship="夫"),
                _row(_MOTHER, MOTHER, **heading, relationship=HEAD),
                _row(_DAUGHTER, DAUGHTER, **heading),
            ),
            households=_household(FATHER, MOTHER, DAUGHTER, head=MOTHER),
        ),
        resident.ResidentMovementCancelled(
            residents=(_row(_MOTHER, MOTHER, **on(moved, resident.Reason.CANCELLED_AMENDMENT, 3), cancels=2),),
            households=(),
        ),
    )


def resident_notices() -> tuple[Notice, ...]:
    """A valid example of every notice to the registry."""
    moved, born, left = date(2026, 7, 1), date(2026, 5, 9), date(2027, 3, 31)
    return (
        resident.CarryOverNotice(
            effective_date=date(1998, 4, 1),
            notified_date=NOTIFIED,
            persons=(_FATHER, _MOTHER),
            address=_HOME,
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.MoveInNotice(
            effective_date=MOVED_IN,
            notified_date=NOTIFIED,
            origin="domestic",
            persons=(_FATHER, _MOTHER, _DAUGHTER),
            address=_HOME,
            previous_address=_OLD_HOME,
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.BirthNotice(
            effective_date=born,
            notified_date=date(2026, 5, 15),
            child=_SON,
            household_number=HOUSEHOLD,
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.MoveOutNotice(
            effective_date=left,
            notified_date=date(2027, 3, 24),
            addressee_numbers=(DAUGHTER,),
            destination="domestic",
            destination_address=_OLD_HOME,
            destination_municipality="151009",
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.DeathNotice(
            effective_date=date(2071, 1, 15),
            notified_date=date(2071, 1, 18),
            addressee_number=FATHER,
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.ChangeOfAddressNotice(
            effective_date=moved,
            notified_date=moved,
            addressee_numbers=(FATHER, MOTHER),
            address=_NEW_HOME,
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.ChangeOfHeadNotice(
            effective_date=moved,
            notified_date=moved,
            household_number=HOUSEHOLD,
            head=MOTHER,
            relationships={FATHER: "夫", MOTHER: HEAD, DAUGHTER: CHILD},
            place=_PLACE,
            operator=_OPERATOR,
        ),
        resident.CancelMovementNotice(
            effective_date=moved,
            notified_date=moved,
            ex_officio=True,
            addressee_number=MOTHER,
            history_number=2,
            place=_PLACE,
            operator=_OPERATOR,
        ),
    )
