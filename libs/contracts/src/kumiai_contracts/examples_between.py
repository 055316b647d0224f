"""A valid example of every type about moves between municipalities: the Watanabes leave Chiyoda for Sapporo."""

from datetime import date
from typing import Any

from kumiai_contracts import resident_between as between_
from kumiai_contracts.chain import commitment
from kumiai_contracts.examples_resident import FATHER, SON, example_row
from kumiai_contracts.model import Event, Notice, canonical_json
from kumiai_contracts.resident import Reason, Sex, Status
from kumiai_contracts.resident_amendments import ResidentReturned

_CHIYODA, _SAPPORO = "131016", "011002"
_REFERENCE = f"{_CHIYODA}/resident-registry-receipts:1:4711/0"
_ANSWER = f"{_SAPPORO}/resident-registry-receipts:1:9120/0"
_PERSON: dict[str, Any] = {
    "name": "渡邉 拓也",
    "name_kana": "ワタナベ タクヤ",
    "birth_date": "1984-11-03",
    "sex": Sex.MALE,
    "relationship": "世帯主",
}


def between() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    planned = date(2027, 3, 31)
    content = between_.MoveContent(other=_SAPPORO, day=planned, answers=None, **_PERSON)
    told = between_.MoveBetweenRow(
        reference=_REFERENCE,
        kind="announced",
        direction="sent",
        person="9f" * 32,
        content=commitment(bytes(32), canonical_json(content.model_dump(mode="json"))),
        addressee_number=FATHER,
        state="open",
    )
    answer = told.model_copy(update={"reference": _ANSWER, "kind": "moved-in", "direction": "received", "state": "met"})
    returned = example_row(
        FATHER,
        history_number=9,
        reason=Reason.DOMESTIC_MOVE_IN,
        status=Status.RESIDENT,
    )
    return (
        between_.MovesToldNotice(
            sender=_SAPPORO,
            kind="moved-in",
            moves=(between_.ToldMove(reference=_ANSWER, day=date(2027, 3, 29), answers=_REFERENCE, **_PERSON),),
        ),
        between_.OverdueMoveOutsNotice(addressee_numbers=(FATHER, SON)),
        between_.MovesTold(sender=_CHIYODA, moves=(told,)),
        between_.MovesBetweenChanged(moves=(answer,)),
        ResidentReturned(residents=(returned,), households=()),
    )
