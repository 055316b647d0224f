"""本人を特定するもの: by what the registry knows people again who bear a number that it never sees, or a card.

A 在留カード番号 is for the resident desk alone. So events hold commitments, and the numbers are sealed parts.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, Commitment, MyNumberToken, ResidenceCardNumber
from kumiai_contracts.model import Frozen, Row
from kumiai_contracts.resident_affairs import AffairsEvent, AffairsNotice


class MyNumberTokenRow(Row):
    """個人番号のトークン of somebody who is, or was, on the record. One whose number was changed has several."""

    table: ClassVar[str] = "my_number_token"
    key: ClassVar[tuple[str, ...]] = ("token",)

    token: MyNumberToken
    """個人番号のトークン, as the vault issued it."""
    addressee_number: AddresseeNumber
    """宛名番号 of whoever bears, or bore, the number."""


class ResidenceCardRow(Row):
    """在留カード of somebody who is, or was, on the record. Cards are renewed, so somebody has several."""

    table: ClassVar[str] = "residence_card"
    key: ClassVar[tuple[str, ...]] = ("card",)

    card: Commitment
    """在留カード番号, sealed."""
    addressee_number: AddresseeNumber
    """宛名番号 of whoever has, or had, the card."""


class IdentityMarksLearned(AffairsEvent):
    """本人を特定するものの登録: the registry has learned whose some tokens and cards are."""

    type: ClassVar[str] = "resident.identity-marks-learned.v1"

    tokens: tuple[MyNumberTokenRow, ...]
    """個人番号のトークン, each of one person."""
    cards: tuple[ResidenceCardRow, ...]
    """在留カード, each of one person."""


class MarksOfPerson(Frozen):
    """本人を特定するもの of one person; what is left out stays as it is."""

    addressee_number: AddresseeNumber
    """宛名番号."""
    my_number_token: MyNumberToken | None = None
    """個人番号のトークン, as the vault gives it for that 宛名番号."""
    residence_card: ResidenceCardNumber | None = None
    """在留カード番号 or 特別永住者証明書番号."""


class IdentityMarksNotice(AffairsNotice):
    """本人を特定するものの通知: tokens and cards of people who are, or were, on the record."""

    type: ClassVar[str] = "resident-notice.identity-marks.v1"

    people: Annotated[tuple[MarksOfPerson, ...], Field(min_length=1, max_length=1000)]
    """Whose they are."""
