"""A valid example of every type about merging and parting addressees, of the same family in Chiyoda."""

from kumiai_contracts import addressees
from kumiai_contracts.examples_my_number import HELD
from kumiai_contracts.examples_resident import DAUGHTER, FATHER
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Notice


def merges() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    handled = {"place": "本庁", "operator": "juki-0417"}
    merged = addressees.MergedNumberRow(
        integrated_addressee_number=with_check_digit(f"{2207:014}", addressee_check_digit),
        merged_into=HELD.integrated_addressee_number,
        changed_at="2026-05-11T00:15:42.310587Z",
    )
    parted = merged.model_copy(update={"merged_into": None, "changed_at": "2026-06-01T01:02:03.000004Z"})
    return (
        addressees.MergeNotice(addressee_number=FATHER, other=DAUGHTER, **handled),
        addressees.PartNotice(addressee_number=DAUGHTER, takes_my_number=False, **handled),
        addressees.AddresseesMerged(merged_numbers=(merged,), held_numbers=(HELD,)),
        addressees.AddresseesParted(merged_number=parted, held_numbers=()),
    )
