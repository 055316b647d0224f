"""個人番号のトークン in the registry: what it knows people again by who bear a number that it never sees."""

from typing import Annotated, ClassVar

from pydantic import Field

from kumiai_contracts.fields import AddresseeNumber, MyNumberToken
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


class MyNumberTokensLearned(AffairsEvent):
    """個人番号のトークンの登録: the registry has learned whose some tokens are."""

    type: ClassVar[str] = "resident.my-number-tokens-learned.v1"

    tokens: Annotated[tuple[MyNumberTokenRow, ...], Field(min_length=1)]
    """個人番号のトークン, each of one person for good."""


class TokenOfPerson(Frozen):
    """個人番号のトークン and whose it is."""

    addressee_number: AddresseeNumber
    """宛名番号."""
    token: MyNumberToken
    """個人番号のトークン, as the vault gives it for that 宛名番号."""


class MyNumberTokensNotice(AffairsNotice):
    """個人番号のトークンの通知: tokens of people on the record, whose numbers the vault has taken in."""

    type: ClassVar[str] = "resident-notice.my-number-tokens.v1"

    tokens: Annotated[tuple[TokenOfPerson, ...], Field(min_length=1, max_length=1000)]
    """個人番号のトークン of each."""
