"""What the lines of business call a person (業務宛名番号), beside the 団体内統合宛名番号 that ties it together.

Invariant: a number of a line of business stands for one person and never for another.
"""

from typing import Annotated, ClassVar

from pydantic import StringConstraints

from kumiai_contracts.addressees import AddresseesNotice
from kumiai_contracts.fields import IntegratedAddresseeNumber
from kumiai_contracts.linkage import STREAM
from kumiai_contracts.model import Event, Row
from kumiai_contracts.resident import GaijiSystem
from kumiai_contracts.resident_carry_over import OldNumber

LineOfBusiness = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
"""業務, such as `taxation` or `national-health-insurance`: the municipality's own name for it."""

BusinessNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,29}$")]
"""宛名番号 of a line of business, as that has it."""


class BusinessNumberRow(Row):
    """業務宛名番号の紐付け: which person a line of business means by its number."""

    table: ClassVar[str] = "business_number"
    key: ClassVar[tuple[str, ...]] = ("business", "number")

    business: LineOfBusiness
    """業務."""
    number: BusinessNumber
    """業務宛名番号."""
    integrated_addressee_number: IntegratedAddresseeNumber
    """団体内統合宛名番号 that the person was given, merged or not."""


class BusinessNumberNotice(AddresseesNotice):
    """業務宛名番号の届出: a line of business has this number for somebody who was carried over from a system before."""

    type: ClassVar[str] = "linkage-notice.business-number.v1"

    business: LineOfBusiness
    """業務."""
    number: BusinessNumber
    """業務宛名番号."""
    system: GaijiSystem
    """旧システム whose number names the person."""
    old_number: OldNumber
    """旧宛名番号 of the person there."""


class BusinessNumberLinked(Event):
    """業務宛名番号の紐付け: a number of a line of business is known to stand for a person."""

    type: ClassVar[str] = "linkage.business-number-linked.v1"
    stream: ClassVar[str] = STREAM

    business_number: BusinessNumberRow
    """業務宛名番号."""
