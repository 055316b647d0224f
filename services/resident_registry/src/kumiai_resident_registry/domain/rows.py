"""How a movement becomes rows: the next history row of a person, and the household after it."""

from collections.abc import Iterable, Mapping
from typing import Any

from kumiai_contracts.decision import Context, SealedPart
from kumiai_contracts.model import canonical_json
from kumiai_contracts.resident import Address, HouseholdRow, Reason, ResidentNotice, ResidentRow, Status
from kumiai_contracts.resident_between import MoveContent

from kumiai_resident_registry.domain.moves import PART
from kumiai_resident_registry.domain.relationships import HEAD
from kumiai_resident_registry.domain.state import RegistryState

Changes = Mapping[str, Any]
"""Columns of a row, by name, that differ from the row before."""


CODE = "resident_code"
"""住民票コード, as a column and as a sealed part."""
CARD = "residence_card"
"""在留カード番号, as a sealed part."""


class Sealing:
    """Seals the addresses and codes of one decision, each with a salt of its own."""

    def __init__(self, context: Context, already: Iterable[SealedPart] = ()) -> None:
        """`already` are the parts that the decision has before this goes on."""
        self._context = context
        self.parts = list(already)

    def seal(self, address: Address, name: str = "address") -> str:
        """The commitment that stands in the row for an address."""
        return self._sealed(name, address.model_dump_json().encode())

    def seal_code(self, code: str | None) -> str | None:
        """The commitment that stands in the row for a 住民票コード."""
        return None if code is None else self._sealed(CODE, canonical_json(code))

    def seal_card(self, number: str) -> str:
        """The commitment that stands in the row for a 在留カード番号."""
        return self._sealed(CARD, canonical_json(number))

    def seal_move(self, content: MoveContent) -> str:
        """The commitment that stands in the row of a move between municipalities."""
        return self._sealed(PART, content.model_dump_json().encode())

    def _sealed(self, name: str, content: bytes) -> str:
        part = SealedPart(name, self._context.salt(len(self.parts)), content)
        self.parts.append(part)
        return part.commitment


def movement(notice: ResidentNotice, context: Context, reason: Reason) -> dict[str, Any]:
    """The columns that say what moved a person: the same for everybody whom the notice moves."""
    return {
        "reason": reason,
        "effective_date": notice.effective_date,
        "notified_date": notice.notified_date,
        "processed_date": context.today,
        "ex_officio": notice.ex_officio,
        "place": notice.place,
        "operator": notice.operator,
        "movement": context.cause,
    }


def following(row: ResidentRow, changes: Changes) -> ResidentRow:
    """The next history row of a person: the current one with the changes, everything else as it was."""
    return row.model_copy(update={"cancels": None, **changes, "history_number": row.history_number + 1})


def in_household(
    rows: Iterable[ResidentRow], household_number: str, terms: Mapping[str, str | None], changes: Changes
) -> tuple[ResidentRow, ...]:
    """The next rows of people as members of a household, with what they are to its head."""
    return tuple(
        following(row, {**changes, "household_number": household_number, "relationship": terms[row.addressee_number]})
        for row in rows
    )


def without(
    state: RegistryState, household: HouseholdRow, leaving: Iterable[str], changes: Changes
) -> tuple[HouseholdRow, tuple[ResidentRow, ...]]:
    """A household after members have left, and the rows of those who stay and change by it.

    If the head leaves, the one who is left becomes head ex officio; with two or more left nobody is head until
    somebody decides (世帯主未設定).
    """
    return with_sole_member_as_head(state, left_behind(household, leaving), changes)


def left_behind(household: HouseholdRow, leaving: Iterable[str]) -> HouseholdRow:
    """A household after members have left; without a head if it was among them."""
    gone = frozenset(leaving)
    staying = tuple(number for number in household.members if number not in gone)
    head = household.head if household.head in staying else None
    return household.model_copy(update={"members": staying, "head": head})


def with_sole_member_as_head(
    state: RegistryState, household: HouseholdRow, changes: Changes
) -> tuple[HouseholdRow, tuple[ResidentRow, ...]]:
    """A household whose only member becomes head ex officio (職権) if nobody is, and the row that says so."""
    if household.head is not None or len(household.members) != 1:
        return household, ()
    last = state.current(household.members[0])
    assert last is not None
    became_head = following(
        last,
        {
            **changes,
            "reason": Reason.CHANGE_OF_HEAD,
            "relationship": HEAD,
            "ex_officio": True,
            # Whoever moved in after the head's death has been head since then, not longer.
            "effective_date": max(changes["effective_date"], last.effective_date),
        },
    )
    return household.model_copy(update={"head": last.addressee_number}), (became_head,)


def removed(row: ResidentRow, changes: Changes, destination: str | None = None) -> ResidentRow:
    """The row that removes a person from the live record (消除)."""
    return following(
        row,
        {
            **changes,
            "status": Status.REMOVED,
            "removed_on": changes["effective_date"],
            "destination_address": destination,
        },
    )
