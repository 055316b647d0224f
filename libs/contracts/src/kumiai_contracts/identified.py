"""本人の特定: what is known about people who enter the record, beside what a notice states about everybody."""

from typing import Annotated

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import AddresseeNumber, MyNumberToken, ResidenceCardNumber
from kumiai_contracts.model import Frozen

Reference = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}/[a-z-]{1,60}:[0-9]{1,9}:[0-9]{1,18}/[0-9]{1,2}$")]
"""参照番号: one person's move as its sender names it: municipality, receipt of what led to it, which of the people."""


class Identified(Frozen):
    """特定された者: what is known of one of the people who enter."""

    person: Annotated[int, Field(ge=0, lt=30)]
    """Which of `persons`, counted from 0."""
    addressee_number: AddresseeNumber | None = None
    """宛名番号 under which the person was on this municipality's record before, where the desk knows it."""
    my_number_token: MyNumberToken | None = None
    """個人番号のトークン of the number that the person presented, as the vault's look-up gives it."""
    residence_card: ResidenceCardNumber | None = None
    """在留カード番号 or 特別永住者証明書番号 of the card that the person showed."""
    announced: Reference | None = None
    """転出予定の通知 of the person, as the list of announced moves names it."""


IdentifiedPeople = Annotated[tuple[Identified, ...], Field(max_length=30)]
