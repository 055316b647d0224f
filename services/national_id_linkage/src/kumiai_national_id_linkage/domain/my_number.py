"""Whose 個人番号 the vault holds: decided without ever seeing a number.

Invariant: a person has at most one current number, and no number belongs to two persons. What a notice brings is known
here by a verdict: why it can't be taken, or the commitment to it and the marks (keyed hashes) under which it is found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kumiai_contracts.addressees import AddresseesMerged, AddresseesParted
from kumiai_contracts.decision import Accepted, Decision
from kumiai_contracts.model import Event
from kumiai_contracts.my_number import HeldNumberRow, MyNumberHeld, MyNumberNotice

from kumiai_national_id_linkage.domain.number_refusals import refused
from kumiai_national_id_linkage.domain.numbering import LinkageState


@dataclass(frozen=True, slots=True)
class Unusable:
    """The verdict on a notice whose number can't be taken."""

    code: str


@dataclass(frozen=True, slots=True)
class Usable:
    """The verdict on a notice that brings a number."""

    commitment: str
    """To be the number's in the log, if it is taken."""
    marks: frozenset[bytes]
    """検索用ハッシュ under every key that is in use."""


Verdict = Unusable | Usable
Asked = tuple[str, str]
"""What a verdict is about: the 宛名番号 and the JWE of a notice."""


class HeldNumbers:
    """The numbers of the people in question and of whoever has one of the numbers in question."""

    def __init__(
        self,
        verdicts: Mapping[Asked, Verdict] | None = None,
        rows: Iterable[HeldNumberRow] = (),
        marks: Mapping[bytes, str] | None = None,
    ) -> None:
        """`marks` tells the commitment of those that are held already."""
        self._verdicts = dict(verdicts or {})
        self._rows = {row.commitment: row for row in rows}
        self._marks = dict(marks or {})
        self._taken: list[str] = []

    @property
    def taken(self) -> tuple[str, ...]:
        """Commitments of the numbers that came true since this was loaded."""
        return tuple(self._taken)

    def verdict(self, notice: MyNumberNotice) -> Verdict:
        """What the vault says to the number in a notice."""
        return self._verdicts[notice.addressee_number, notice.my_number]

    def holding(self, marks: Iterable[bytes]) -> HeldNumberRow | None:
        """The row of a number, if it is held."""
        commitment = next((self._marks[mark] for mark in marks if mark in self._marks), None)
        return self._rows[commitment] if commitment is not None else None

    def of(self, integrated_addressee_number: str) -> tuple[HeldNumberRow, ...]:
        """Every row of a person, replaced ones included."""
        return tuple(
            row for row in self._rows.values() if row.integrated_addressee_number == integrated_addressee_number
        )

    def current_of(self, integrated_addressee_number: str) -> HeldNumberRow | None:
        """A person's number that holds now."""
        return next((row for row in self.of(integrated_addressee_number) if row.state == "current"), None)

    def apply(self, event: Event) -> None:
        """Evolve: take over what is held now."""
        if not isinstance(event, MyNumberHeld | AddresseesMerged | AddresseesParted):
            return
        usable = {verdict.commitment: verdict for verdict in self._verdicts.values() if isinstance(verdict, Usable)}
        for row in event.held_numbers:
            self._rows[row.commitment] = row
            if isinstance(event, MyNumberHeld) and row.commitment in usable and row.state == "current":
                self._taken.append(row.commitment)
                self._marks |= dict.fromkeys(usable[row.commitment].marks, row.commitment)


def decide_my_number(numbering: LinkageState, held: HeldNumbers, notice: MyNumberNotice) -> Decision:
    """Whether the vault takes a number in. A number that is this person's already is accepted, and nothing follows."""
    person = numbering.number_of(notice.addressee_number)
    if person is None:
        return refused("addressee-not-numbered", "/addressee_number")
    verdict = held.verdict(notice)
    if isinstance(verdict, Unusable):
        return refused(verdict.code, "/my_number")
    holding = held.holding(verdict.marks)
    if holding is not None:
        if holding.integrated_addressee_number != person:
            return refused("number-held-by-another", "/my_number")
        return Accepted(()) if holding.state == "current" else refused("number-was-replaced", "/my_number")
    before = held.current_of(person)
    if before is not None and notice.reason != "changed":
        return refused("another-number-held", "/my_number")
    row = HeldNumberRow(commitment=verdict.commitment, integrated_addressee_number=person, state="current")
    replaced = () if before is None else (before.model_copy(update={"state": "replaced"}),)
    return Accepted((MyNumberHeld(held_numbers=(row, *replaced)),))
