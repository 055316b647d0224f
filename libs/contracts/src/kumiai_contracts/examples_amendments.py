"""A valid example of every type by which a record changes without a move: the Watanabes' papers through the years."""

from datetime import date
from typing import Any

from kumiai_contracts import resident, resident_amendments, resident_codes, resident_marks
from kumiai_contracts.chain import commitment
from kumiai_contracts.examples_resident import CHILD, DAUGHTER, FATHER, HEAD, HOUSEHOLD, MOTHER, SON, example_row
from kumiai_contracts.model import Event, Notice, canonical_json
from kumiai_contracts.topics import receipts_stream

_DAY = date(2026, 10, 1)
_WHEN: dict[str, Any] = {
    "effective_date": _DAY,
    "notified_date": _DAY,
    "place": "千代田区役所 戸籍住民課",
    "operator": "juki-0117",
}
_EX_OFFICIO: dict[str, Any] = {**_WHEN, "ex_officio": True}
_HOME = resident.Address(prefecture="東京都", municipality="千代田区", town="富士見一丁目", number="6番8号")
_LODGER = resident.Person(
    name="SMITH EMMA",
    name_kana="スミス エマ",
    birth_date="1991-05-17",
    sex=resident.Sex.FEMALE,
    relationship=HEAD,
    nationality="GBR",
)
_FORMER = resident.OtherName(name="高橋", name_kana="タカハシ")
_ALIAS = resident.OtherName(name="渡邉 恵真", name_kana="ワタナベ エマ")

_CODES = ("24727059608", "25208017643")


def amendments() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    return (*_notices(), *_events())


_CARD = "AB12345678CD"
_TOKEN = "1." + "m3oCVvs4lV1kS5vk9Zk2T7bq0f8cTgJ0x0v3m1Rr2cE"


def _notices() -> tuple[Notice, ...]:
    return (
        resident_amendments.ExOfficioEntryNotice(**_EX_OFFICIO, persons=(_LODGER,), address=_HOME),
        resident_amendments.ExOfficioRemovalNotice(**_EX_OFFICIO, addressee_numbers=(SON,)),
        resident_amendments.ChangeOfNationalityNotice(
            **_EX_OFFICIO, addressee_number=MOTHER, nationality=None, name="渡邉 恵真", name_kana="ワタナベ エマ"
        ),
        resident_amendments.RemakeRecordNotice(**_EX_OFFICIO, addressee_numbers=(FATHER, MOTHER), kind="renewed"),
        resident_amendments.AmendmentNotice(
            **_EX_OFFICIO, addressee_numbers=(DAUGHTER,), kind="correction", birth_date="2012-07-12"
        ),
        resident_amendments.FormerNameNotice(**_WHEN, addressee_number=MOTHER, former_name=_FORMER),
        resident_amendments.AliasNotice(**_WHEN, addressee_number=MOTHER, alias=_ALIAS),
        resident_amendments.MyNumberMovementNotice(**_WHEN, addressee_number=FATHER, kind="my-number-change-requested"),
        resident_amendments.ConfirmMoveOutNotice(**_WHEN, addressee_numbers=(DAUGHTER,)),
        resident_codes.CodePoolNotice(codes=_CODES, place="千代田区役所 戸籍住民課", operator="juki-0117"),
        resident_codes.ResidentCodeNotice(**_WHEN, addressee_number=MOTHER, kind="resident-code-change-requested"),
        resident_marks.IdentityMarksNotice(
            people=(
                resident_marks.MarksOfPerson(addressee_number=MOTHER, my_number_token=_TOKEN, residence_card=_CARD),
            ),
            place="千代田区役所 戸籍住民課",
            operator="juki-0117",
        ),
    )


def _sealed(code: str) -> str:
    return commitment(bytes(32), canonical_json(code))  # an example's salt; a real one is random


def _events() -> tuple[Event, ...]:
    def row(who: str, number: int, reason: resident.Reason, **changes: object) -> resident.ResidentRow:
        days = {"effective_date": _DAY, "notified_date": _DAY, "processed_date": _DAY}
        movement = f"{receipts_stream(resident.SERVICE)}:1:{600 + number}"
        return example_row(
            who, history_number=number, reason=reason, ex_officio=True, movement=movement, **days | changes
        )

    gone: dict[str, object] = {"status": resident.Status.REMOVED, "removed_on": _DAY}
    confirmed = gone | {"planned_on": date(2026, 10, 3), "confirmed_on": _DAY}
    named = resident.OtherNames(former_name=_FORMER, alias=None)
    home = resident.HouseholdRow(household_number=HOUSEHOLD, head=FATHER, members=(FATHER, MOTHER, DAUGHTER))
    reason = resident.Reason
    return (
        resident_amendments.ResidentEntered(
            residents=(row(SON, 1, reason.EX_OFFICIO_ENTRY, relationship=CHILD),), households=(home,)
        ),
        resident_amendments.ResidentRemoved(
            residents=(row(SON, 2, reason.EX_OFFICIO_REMOVAL, **gone),), households=(home,)
        ),
        resident_amendments.ResidentNationalityChanged(
            residents=(
                row(MOTHER, 2, reason.NATURALISED_REMOVAL, nationality="GBR", **gone),
                row(MOTHER, 3, reason.NATURALISED_ENTRY),
            ),
            households=(),
        ),
        resident_amendments.ResidentRecordRemade(
            residents=(row(FATHER, 2, reason.RENEWED, **gone), row(FATHER, 3, reason.RENEWED)), households=()
        ),
        resident_amendments.ResidentAmended(
            residents=(row(MOTHER, 4, reason.FORMER_NAME_ENTERED, other_names=named),), households=()
        ),
        resident_amendments.ResidentMoveOutConfirmed(
            residents=(row(DAUGHTER, 3, reason.DOMESTIC_MOVE_OUT, **confirmed),), households=()
        ),
        resident_codes.ResidentCodesChanged(
            codes=(
                resident_codes.ResidentCodeRow(code=_sealed(_CODES[0]), addressee_number=SON),
                resident_codes.ResidentCodeRow(code=_sealed(_CODES[1]), addressee_number=None),
            )
        ),
        resident_marks.IdentityMarksLearned(
            tokens=(resident_marks.MyNumberTokenRow(token=_TOKEN, addressee_number=MOTHER),),
            cards=(resident_marks.ResidenceCardRow(card=_sealed(_CARD), addressee_number=MOTHER),),
        ),
    )
