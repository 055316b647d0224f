"""移行 of a whole history: what the system that a municipality used before has of its residents, row by row.

Invariant: a row that is carried over is stated as it was, never decided again; only what the record lives by (one head,
one address, one household, an order in time) is checked. The numbers of before stand beside the new ones for good, so
that the other lines of business, and a second import, find the same people.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import (
    AddresseeNumber,
    CalendarDate,
    CivilDate,
    Digest,
    MunicipalityCode,
    PersonName,
    ResidentCode,
    ShortText,
)
from kumiai_contracts.model import Frozen, Row
from kumiai_contracts.resident import (
    Address,
    GaijiSystem,
    Nationality,
    OtherNames,
    Reason,
    Relationship,
    ResidentEvent,
    ResidentNotice,
    Sex,
    Status,
)

OldNumber = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,29}$")]
"""旧番号: 宛名番号 or 世帯番号 of the system before. Not twelve digits that could be a 個人番号."""

MAX_ROWS = 200
"""The most history rows of one person that a notice takes."""


class PredecessorEvent(Frozen):
    """由来: the last event about somebody in a predecessor's stream (市町村合併), and so all of them before it."""

    municipality: MunicipalityCode
    """合併関係市町村: the old code."""
    stream: ShortText
    """ストリーム."""
    incarnation: Annotated[int, Field(ge=1)]
    """世代."""
    position: Annotated[int, Field(ge=1)]
    """位置."""
    hash: Digest
    """The event's hash."""


class CarriedNumberRow(Row):
    """旧番号対応: which number of the registry stands for one of the system before."""

    table: ClassVar[str] = "carried_number"
    key: ClassVar[tuple[str, ...]] = ("system", "kind", "old_number")

    system: GaijiSystem
    """旧システム: whose numbers these are, such as `old-juki`."""
    kind: Literal["person", "household"]
    """宛名番号 or 世帯番号."""
    old_number: OldNumber
    """旧番号."""
    number: AddresseeNumber
    """宛名番号 or 世帯番号 of the registry."""
    predecessor_event: PredecessorEvent | None = None
    """由来, of somebody who was taken over from a predecessor."""


class CarriedMovement(Frozen):
    """異動履歴の一件, as the system before has it: the whole row."""

    status: Status
    """住民票 or 除票 after this movement."""
    old_household_number: OldNumber
    """旧世帯番号 after this movement."""
    relationship: Relationship
    """続柄."""
    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    sex: Sex
    """性別."""
    resident_since: CivilDate
    """住民となった年月日."""
    address_since: CivilDate
    """住所を定めた年月日."""
    address: Address
    """住所 in this municipality."""
    previous_address: Address | None = None
    """転入前の住所."""
    destination_address: Address | None = None
    """転出先の住所."""
    removed_on: CalendarDate | None = None
    """消除の異動日, of a removed person."""
    reason: Reason
    """異動事由."""
    effective_date: CalendarDate
    """異動日."""
    notified_date: CalendarDate
    """届出日."""
    processed_date: CalendarDate
    """処理日: the day on which the system before recorded it."""
    ex_officio: bool = False
    """職権."""
    nationality: Nationality | None = None
    """国籍・地域; None for Japanese people."""
    other_names: OtherNames | None = None
    """旧氏・通称."""
    planned_on: CalendarDate | None = None
    """転出予定日."""
    confirmed_on: CalendarDate | None = None
    """転出確定日."""


class CarriedProtection(Frozen):
    """支援措置 that holds for somebody, as the system before has it."""

    state: Literal["provisional", "decided"]
    """仮支援措置 or 支援措置."""
    applied_on: CalendarDate
    """申出日."""
    starts_on: CalendarDate | None = None
    """支援措置の開始日; None before the decision."""
    ends_on: CalendarDate | None = None
    """支援措置の終了予定日."""
    together_with: Annotated[tuple[OldNumber, ...], Field(max_length=30)] = ()
    """併せて支援を求める者, by their old numbers; whoever is not carried over is left out."""


class CarriedPerson(Frozen):
    """A person with all that the system before has recorded."""

    old_number: OldNumber
    """旧宛名番号."""
    resident_code: ResidentCode | None = None
    """住民票コード; None where it is not known."""
    history: Annotated[tuple[CarriedMovement, ...], Field(min_length=1, max_length=MAX_ROWS)]
    """異動履歴, the oldest first."""
    predecessor_event: PredecessorEvent | None = None
    """由来, of somebody who is taken over from a predecessor."""
    protection: CarriedProtection | None = None
    """支援措置: it holds from the moment of the carry-over on."""


class HistoryCarryOverNotice(ResidentNotice):
    """移行（履歴）: people of one household with their histories; `effective_date` is the day of the migration.

    A household of more than 30 comes in several notices, the one with its head first. Whoever was removed comes with
    the household that he or she was last in.
    """

    type: ClassVar[str] = "resident-notice.history-carry-over.v1"

    system: GaijiSystem
    """旧システム: whose numbers these are."""
    old_household_number: OldNumber
    """旧世帯番号 of the household in which those of the people live who are on the live record."""
    persons: Annotated[tuple[CarriedPerson, ...], Field(min_length=1, max_length=30)]
    """The people."""


class ResidentHistoryCarriedOver(ResidentEvent):
    """移行（履歴）: people were taken over from the system used before, with every row of their histories."""

    type: ClassVar[str] = "resident.history-carried-over.v1"

    numbers: Annotated[tuple[CarriedNumberRow, ...], Field(min_length=1)]
    """旧番号対応 of the people, and of every household that is named for the first time."""
