"""Merging and parting addressees (宛名の統合・分離): two that are one person, and one who was another after all.

Invariant: a number that was merged never stands for another one, so whoever looks once knows which number holds. A
person has at most one current 個人番号 afterwards, as before.
"""

from kumiai_contracts.addressees import AddresseesMerged, AddresseesParted, MergedNumberRow, MergeNotice, PartNotice
from kumiai_contracts.decision import Accepted, Context, Decision

from kumiai_national_id_linkage.domain.my_number import HeldNumbers
from kumiai_national_id_linkage.domain.number_refusals import refused
from kumiai_national_id_linkage.domain.numbering import LinkageState


def merge(numbering: LinkageState, held: HeldNumbers, notice: MergeNotice, context: Context) -> Decision:
    """One number for both; whatever was merged into the one that ends follows it. Twice the same changes nothing."""
    if notice.addressee_number == notice.other:
        return refused("merged-with-itself", "/other")
    stays, ends = numbering.number_of(notice.addressee_number), numbering.number_of(notice.other)
    if stays is None:
        return refused("addressee-not-numbered", "/addressee_number")
    if ends is None:
        return refused("addressee-not-numbered", "/other")
    if stays == ends:
        return Accepted(())
    if held.current_of(stays) is not None and held.current_of(ends) is not None:
        return refused("numbers-differ", "/other")
    rows = [
        MergedNumberRow(integrated_addressee_number=number, merged_into=stays, changed_at=context.now)
        for number in (ends, *numbering.merged_into(ends))
    ]
    moved = [row.model_copy(update={"integrated_addressee_number": stays}) for row in held.of(ends)]
    return Accepted((AddresseesMerged(merged_numbers=tuple(rows), held_numbers=tuple(moved)),))


def part(numbering: LinkageState, held: HeldNumbers, notice: PartNotice, context: Context) -> Decision:
    """The number of before holds again. Which of the two the 個人番号 belongs to, only the municipality knows."""
    own, person = numbering.own_number_of(notice.addressee_number), numbering.number_of(notice.addressee_number)
    if own is None or person is None:
        return refused("addressee-not-numbered", "/addressee_number")
    if own == person:
        return refused("not-merged", "/addressee_number")
    row = MergedNumberRow(integrated_addressee_number=own, merged_into=None, changed_at=context.now)
    rows = held.of(person) if notice.takes_my_number else ()
    moved = tuple(each.model_copy(update={"integrated_addressee_number": own}) for each in rows)
    return Accepted((AddresseesParted(merged_number=row, held_numbers=moved),))
