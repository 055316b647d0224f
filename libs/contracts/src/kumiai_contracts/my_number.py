"""個人番号 (My Number) on its way into the linkage service's vault: the notice, and the event that says it is held.

Invariant: no type holds a 個人番号. A notice holds it encrypted to the vault's key; an event holds a commitment to it,
whose salt stands in the vault alone, so nobody can try the 10^11 numbers.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import AddresseeNumber, Digest, IntegratedAddresseeNumber, MunicipalityCode, ShortText
from kumiai_contracts.linkage import SERVICE, STREAM
from kumiai_contracts.model import Event, Frozen, Notice, Row

JWE_ALGORITHM, JWE_ENCRYPTION = "ECDH-ES+A256KW", "A256GCM"
"""`alg` and `enc`: the only ones that the vault takes."""

Encrypted = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""A JWE in compact serialization (RFC 7516), encrypted to the vault's current key, whose `kid` is in the header."""


class MyNumberOfPerson(Frozen):
    """What is encrypted in a notice: the number together with whom it belongs to, so that it serves for nobody else."""

    municipality: MunicipalityCode
    """全国地方公共団体コード of the sender."""
    addressee_number: AddresseeNumber
    """宛名番号 of the person, as in the notice."""
    my_number: Annotated[str, StringConstraints(max_length=64)]
    """個人番号: twelve digits, the last a check digit, which the vault checks."""


class MyNumberSought(Frozen):
    """What is encrypted in a look-up: the number together with who asks, so that nobody else can ask it again."""

    municipality: MunicipalityCode
    """全国地方公共団体コード of whoever asks."""
    party: ShortText
    """利用者: the party that asks, as in its token."""
    my_number: Annotated[str, StringConstraints(max_length=64)]
    """個人番号 that somebody presented."""


class MyNumberNotice(Notice):
    """個人番号の通知: the municipality tells the vault a person's number, encrypted to the vault's key."""

    type: ClassVar[str] = "linkage-notice.my-number.v1"
    service: ClassVar[str] = SERVICE
    # Somebody may have written the number itself into it, and what is kept stands in the municipality's bundle.
    kept_when_refused: ClassVar[bool] = False

    addressee_number: AddresseeNumber
    """宛名番号 of the person."""
    reason: Literal["assigned", "changed"]
    """付番 (also a number known from before), or 変更: another number replaces the one held (番号法7条2項)."""
    my_number: Encrypted
    """個人番号 as a JWE of `MyNumberOfPerson`; never the number itself."""
    place: ShortText
    """The office that handled it."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""


class HeldNumberRow(Row):
    """保管している個人番号: that the vault holds a number of a person, and by which commitment."""

    table: ClassVar[str] = "held_number"
    key: ClassVar[tuple[str, ...]] = ("commitment",)

    commitment: Digest
    """SHA-256(salt ‖ number), no sealed part's: number and salt are in the vault alone."""
    integrated_addressee_number: IntegratedAddresseeNumber
    """団体内統合宛名番号 of the person."""
    state: Literal["current", "replaced"]
    """現行, or 変更前: a number that was changed still tells whom an older document means."""


class MyNumberHeld(Event):
    """個人番号の保管: the vault holds a person's number, in place of the one before if there was one."""

    type: ClassVar[str] = "linkage.my-number-held.v1"
    stream: ClassVar[str] = STREAM

    held_numbers: Annotated[tuple[HeldNumberRow, ...], Field(min_length=1)]
    """The new row first, then the one that it replaces."""

    def subject(self) -> str:
        """団体内統合宛名番号 of the person."""
        return self.held_numbers[0].integrated_addressee_number
