"""団体間の異動: what one municipality's registry tells another's about people who move between them.

A 転出 within the country announces the people to where they go (転出証明書情報); their 転入 tells where they came
from that they have arrived (転入通知). No message holds an address or a 住民票コード. What it says stands sealed in
both logs: an event shows that something was told, and neither to whom nor when somebody moves.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from kumiai_contracts.fields import (
    AddresseeNumber,
    CalendarDate,
    CivilDate,
    Commitment,
    Digest,
    MunicipalityCode,
    PersonName,
)
from kumiai_contracts.identified import Reference
from kumiai_contracts.model import Frozen, Notice, Row
from kumiai_contracts.resident import SERVICE, AddresseeNumbers, Relationship, Sex
from kumiai_contracts.resident_affairs import AffairsEvent

MoveKind = Literal["announced", "moved-in"]
"""転出予定 (as announced by where people leave) or 転入通知 (as told by where they have arrived)."""


class MoveBetweenRow(Row):
    """団体間の異動: one person's move between municipalities, as one of them told the other. Both have a row of it."""

    table: ClassVar[str] = "move_between"
    key: ClassVar[tuple[str, ...]] = ("reference",)

    reference: Reference
    """参照番号; begins with the code of the municipality that told it."""
    kind: MoveKind
    """転出予定 or 転入通知."""
    direction: Literal["sent", "received"]
    """Whether this municipality told it or was told."""
    person: Digest
    """Digest of the search key of the name, the date of birth and the sex: by it the same person is found again."""
    content: Commitment
    """What was told (`MoveContent`), sealed."""
    addressee_number: AddresseeNumber | None
    """宛名番号 of the person here; None as long as nobody here is known to be it."""
    state: Literal["open", "met", "withdrawn"]
    """未対応, 対応済み (arrived, or confirmed), or 取下げ (the movement was cancelled)."""


class MoveContent(Frozen):
    """異動の内容: what stands in the sealed part of a row."""

    other: MunicipalityCode
    """The other municipality."""
    day: CalendarDate
    """転出予定日, or the day on which somebody moved in."""
    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    sex: Sex
    """性別."""
    relationship: Relationship
    """続柄 in the household that the person leaves or enters."""
    answers: Reference | None
    """Of a 転入通知: the 転出予定 that it answers, where it is known."""


class ToldMove(Frozen):
    """One person's move in a notice."""

    reference: Reference
    """参照番号."""
    day: CalendarDate
    """転出予定日, or the day on which somebody moved in."""
    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    sex: Sex
    """性別."""
    relationship: Relationship
    """続柄 in the household that the person leaves or enters."""
    answers: Reference | None = None
    """Of a 転入通知: the 転出予定 that it answers, where it is known."""


class MovesTold(AffairsEvent):
    """団体間通知の送達: people's moves are told to the other municipality, or taken back. The courier carries it."""

    type: ClassVar[str] = "resident.moves-told.v1"

    sender: MunicipalityCode
    """The municipality that tells it: the stream's own."""
    moves: Annotated[tuple[MoveBetweenRow, ...], Field(min_length=1)]
    """団体間の異動, all of one kind and to one municipality; taken back if they are withdrawn."""


class MovesBetweenChanged(AffairsEvent):
    """団体間の異動の受理・対応: what was told here, and what has become of what was told."""

    type: ClassVar[str] = "resident.moves-between-changed.v1"

    moves: Annotated[tuple[MoveBetweenRow, ...], Field(min_length=1)]
    """団体間の異動, as they are now."""


class MovesToldNotice(Notice):
    """団体間通知: another municipality's registry tells people's moves, or takes them back."""

    type: ClassVar[str] = "resident-notice.moves-told.v1"
    service: ClassVar[str] = SERVICE

    sender: MunicipalityCode
    """The municipality that tells it."""
    kind: MoveKind
    """転出予定 or 転入通知."""
    withdrawn: bool = False
    """取下げ: whether what was told never was."""
    moves: Annotated[tuple[ToldMove, ...], Field(min_length=1, max_length=30)]
    """The people."""


class OverdueMoveOutsNotice(Notice):
    """転出未確定の督促: the registry's own clock says whose 転出 no municipality has confirmed in time."""

    type: ClassVar[str] = "resident-notice.overdue-move-outs.v1"
    service: ClassVar[str] = SERVICE

    addressee_numbers: AddresseeNumbers
    """宛名番号 of who may be concerned; whoever is not, is left alone."""
