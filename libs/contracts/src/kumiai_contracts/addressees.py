"""Two addressees that turn out to be one person, and one person who was two (宛名の統合・分離).

Invariant: a 団体内統合宛名番号 is never given to somebody else. Merging says which number stands for another; parting
ends that. The links of the lines of business never change, so whoever folds the stream can follow both ways.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, IntegratedAddresseeNumber, ShortText, Timestamp
from kumiai_contracts.linkage import SERVICE, STREAM
from kumiai_contracts.model import Event, Notice, Row
from kumiai_contracts.my_number import HeldNumberRow


class MergedNumberRow(Row):
    """統合された団体内統合宛名番号: which number stands for it. A number without a row stands for itself."""

    table: ClassVar[str] = "merged_number"
    key: ClassVar[tuple[str, ...]] = ("integrated_addressee_number",)

    integrated_addressee_number: IntegratedAddresseeNumber
    """The number that was merged, or parted again."""
    merged_into: IntegratedAddresseeNumber | None
    """統合先: the number that stands for it, never itself a merged one; None after parting (分離)."""
    changed_at: Timestamp
    """When that became so, UTC."""


class AddresseesNotice(Notice):
    """What the notices of this module share."""

    service: ClassVar[str] = SERVICE

    place: ShortText
    """The office that found it out."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""


class MergeNotice(AddresseesNotice):
    """宛名の統合: two addressees are one person."""

    type: ClassVar[str] = "linkage-notice.merge.v1"

    addressee_number: AddresseeNumber
    """宛名番号 of the one whose 団体内統合宛名番号 stays."""
    other: AddresseeNumber
    """宛名番号 of the one whose 団体内統合宛名番号 is merged into it."""


class PartNotice(AddresseesNotice):
    """宛名の分離: an addressee that was merged is another person after all."""

    type: ClassVar[str] = "linkage-notice.part.v1"

    addressee_number: AddresseeNumber
    """宛名番号 of the one who was merged and gets back the 団体内統合宛名番号 of before."""
    takes_my_number: bool
    """Whether the 個人番号 that is held, with those that it replaced, is this person's."""


class AddresseesMerged(Event):
    """宛名の統合: a number stands for others now, with the 個人番号 that is held under it."""

    type: ClassVar[str] = "linkage.addressees-merged.v1"
    stream: ClassVar[str] = STREAM

    merged_numbers: Annotated[tuple[MergedNumberRow, ...], Field(min_length=1)]
    """The number that was merged, then those that had been merged into it."""
    held_numbers: tuple[HeldNumberRow, ...]
    """保管している個人番号 that moved to the number that stays."""

    def keys(self) -> frozenset[str]:
        """All numbers concerned."""
        numbers = {row.integrated_addressee_number for row in self.merged_numbers}
        return frozenset(numbers | {row.merged_into for row in self.merged_numbers if row.merged_into is not None})


class AddresseesParted(Event):
    """宛名の分離: a number stands for itself again."""

    type: ClassVar[str] = "linkage.addressees-parted.v1"
    stream: ClassVar[str] = STREAM

    merged_number: MergedNumberRow
    """The number, merged into none."""
    held_numbers: tuple[HeldNumberRow, ...]
    """保管している個人番号 that went with it."""
