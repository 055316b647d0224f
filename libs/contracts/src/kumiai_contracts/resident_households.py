"""Households that are parted, joined or changed at one address (世帯分離, 世帯合併, 世帯変更): notices and events.

A notice about several people or two households is one movement: one event, one receipt. The relationships (続柄) are to
the head afterwards; whoever is left out gets what follows from before, and where nothing follows the notice is refused.
"""

from typing import ClassVar

from pydantic import Field

from kumiai_contracts.fields import HouseholdNumber
from kumiai_contracts.resident import AddresseeNumbers, Relationships, ResidentEvent, ResidentNotice


class HouseholdSplit(ResidentEvent):
    """世帯分離: some members of a household are a household of their own now, at the same address."""

    type: ClassVar[str] = "resident.household-split.v1"


class HouseholdsMerged(ResidentEvent):
    """世帯合併: two households at the same address are one now; the other one has ended."""

    type: ClassVar[str] = "resident.households-merged.v1"


class ResidentChangedHousehold(ResidentEvent):
    """世帯変更: some members of a household belong to another one at the same address now."""

    type: ClassVar[str] = "resident.changed-household.v1"


class HouseholdSplitNotice(ResidentNotice):
    """世帯分離届: some members of a household become a household of their own, at the same address."""

    type: ClassVar[str] = "resident-notice.household-split.v1"

    addressee_numbers: AddresseeNumbers
    """分離する者: 宛名番号 of everybody in the new household."""
    relationships: Relationships = Field(default_factory=dict)
    """続柄 in the new household; exactly one is 世帯主, unless one person alone is parted."""
    remaining_relationships: Relationships = Field(default_factory=dict)
    """続柄 of those who stay, if their head has left them and they name another; empty leaves the head undecided."""


class HouseholdMergeNotice(ResidentNotice):
    """世帯合併届: a household joins another one at the same address, and ends."""

    type: ClassVar[str] = "resident-notice.household-merge.v1"

    household_number: HouseholdNumber
    """存続する世帯: 世帯番号 of the household that goes on."""
    merged_household_number: HouseholdNumber
    """消滅する世帯: 世帯番号 of the household that joins it."""
    relationships: Relationships
    """続柄 in the household that goes on. Its head stays head, unless another member is stated as 世帯主."""


class ChangeOfHouseholdNotice(ResidentNotice):
    """世帯変更届: some or all members of a household become members of another one at the same address."""

    type: ClassVar[str] = "resident-notice.change-of-household.v1"

    addressee_numbers: AddresseeNumbers
    """世帯を変更する者: 宛名番号 of everybody who changes."""
    household_number: HouseholdNumber
    """世帯番号 of the household that they join."""
    relationships: Relationships
    """続柄 to the head of the household that they join."""
    remaining_relationships: Relationships = Field(default_factory=dict)
    """続柄 of those who stay, if their head has left them and they name another; empty leaves the head undecided."""
