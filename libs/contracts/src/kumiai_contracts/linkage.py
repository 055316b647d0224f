"""National-ID linkage (番号連携): the events of the stream `linkage`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, IntegratedAddresseeNumber
from kumiai_contracts.model import Event, Row

STREAM = "linkage"
SERVICE = "national-id-linkage"


class AddresseeLinkRow(Row):
    """宛名番号の紐付け: which person a line of business means by its addressee number."""

    table: ClassVar[str] = "addressee_link"
    key: ClassVar[tuple[str, ...]] = ("line_of_business", "addressee_number")

    line_of_business: Literal["resident-registry"]
    """業務."""
    addressee_number: AddresseeNumber
    """宛名番号."""
    integrated_addressee_number: IntegratedAddresseeNumber
    """団体内統合宛名番号."""


class IntegratedAddresseeNumberAssigned(Event):
    """団体内統合宛名番号の付番: people of a municipality got their numbers."""

    type: ClassVar[str] = "linkage.integrated-addressee-number-assigned.v1"
    stream: ClassVar[str] = STREAM

    links: Annotated[tuple[AddresseeLinkRow, ...], Field(min_length=1)]
    """宛名番号の紐付け: one for each person."""
