"""Resident registry (住民記録): what municipalities notify, and the events of the stream `resident`.

Names follow 住民記録システム標準仕様書; no conformance to it is claimed.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.extensions import Extensions
from kumiai_contracts.fields import (
    AddresseeNumber,
    CalendarDate,
    CivilDate,
    Commitment,
    HouseholdNumber,
    MunicipalityCode,
    PersonName,
    ResidentCode,
    ShortText,
)
from kumiai_contracts.identified import IdentifiedPeople
from kumiai_contracts.model import Event, Frozen, Notice, Row

STREAM = "resident"
SERVICE = "resident-registry"

Relationship = Annotated[str, StringConstraints(min_length=1, max_length=60)]
"""続柄: a term of the standard (世帯主, 妻, 子, …), chained with の for up to four generations."""


GaijiSystem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""外字の体系: a system whose private-use characters mean something of their own, such as `old-juki`."""


class Sex(StrEnum):
    """性別."""

    MALE = "male"
    """男"""
    FEMALE = "female"
    """女"""


class Reason(StrEnum):
    """異動事由: why a history row was added. Our own names; official numeric codes were not found."""

    CARRIED_OVER = "carried-over"
    """移行: taken over from the system that the municipality used before."""
    DOMESTIC_MOVE_IN = "domestic-move-in"
    """国内転入"""
    MOVE_IN_FROM_ABROAD = "move-in-from-abroad"
    """国外転入"""
    BIRTH = "birth"
    """出生"""
    EX_OFFICIO_ENTRY = "ex-officio-entry"
    """職権記載"""
    DOMESTIC_MOVE_OUT = "domestic-move-out"
    """国内転出"""
    MOVE_OUT_ABROAD = "move-out-abroad"
    """国外転出"""
    DEATH = "death"
    """死亡"""
    EX_OFFICIO_REMOVAL = "ex-officio-removal"
    """職権消除"""
    NATURALISED_REMOVAL = "naturalised-removal"
    """職権消除（帰化等）: the record of somebody who was a foreigner until then."""
    NATURALISED_ENTRY = "naturalised-entry"
    """職権記載（帰化等）: the record of somebody who is Japanese from then on."""
    NATIONALITY_LOST_REMOVAL = "nationality-lost-removal"
    """職権消除（国籍喪失）: the record of somebody who was Japanese until then."""
    NATIONALITY_LOST_ENTRY = "nationality-lost-entry"
    """職権記載（国籍喪失）: the record of somebody who is a foreigner from then on."""
    RENEWED = "renewed"
    """改製: the record was written anew; one row ends the old one, the next begins the new one."""
    RECREATED = "recreated"
    """再製: a lost or damaged record was made again, in two rows likewise."""
    CHANGE_OF_ADDRESS = "change-of-address"
    """転居"""
    CHANGE_OF_HEAD = "change-of-head"
    """世帯主変更"""
    HOUSEHOLD_SPLIT = "household-split"
    """世帯分離"""
    HOUSEHOLD_MERGE = "household-merge"
    """世帯合併"""
    CHANGE_OF_HOUSEHOLD = "change-of-household"
    """世帯変更: from one household to another at the same address."""
    MINOR_AMENDMENT = "minor-amendment"
    """軽微な修正"""
    EX_OFFICIO_AMENDMENT = "ex-officio-amendment"
    """職権修正, such as a change of name that the family register (戸籍) tells."""
    CORRECTION = "correction"
    """誤記修正"""
    MY_NUMBER_CHANGE_REQUESTED = "my-number-change-requested"
    """個人番号変更請求; the number itself goes to the linkage vault alone."""
    MY_NUMBER_AMENDED = "my-number-amended"
    """個人番号職権修正"""
    MY_NUMBER_ENTERED = "my-number-entered"
    """個人番号職権記載"""
    RESIDENT_CODE_CHANGE_REQUESTED = "resident-code-change-requested"
    """住民票コード変更請求"""
    RESIDENT_CODE_ENTERED = "resident-code-entered"
    """住民票コード職権記載"""
    FORMER_NAME_ENTERED = "former-name-entered"
    """旧氏記載"""
    FORMER_NAME_CHANGED = "former-name-changed"
    """旧氏変更"""
    FORMER_NAME_REMOVED = "former-name-removed"
    """旧氏削除"""
    ALIAS_ENTERED = "alias-entered"
    """通称記載"""
    ALIAS_REMOVED = "alias-removed"
    """通称削除"""
    CANCELLED_ENTRY = "cancelled-entry"
    """異動の取消し（減）: an entry never was, so the person leaves the record."""
    CANCELLED_REMOVAL = "cancelled-removal"
    """異動の取消し（増）: a removal never was, so the person is back on the record."""
    CANCELLED_AMENDMENT = "cancelled-amendment"
    """異動の取消し（修正）"""


class Status(StrEnum):
    """Whether the person is on the live record (住民票) or removed from it (除票)."""

    RESIDENT = "resident"
    """On the live record (住民票)."""
    REMOVED = "removed"
    """Removed from it (除票)."""


class Address(Frozen):
    """住所. Always travels sealed in events; only the municipality's own notices hold it in clear."""

    prefecture: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    """都道府県, or the country abroad."""
    municipality: Annotated[str, StringConstraints(max_length=60)]
    """市区町村."""
    town: Annotated[str, StringConstraints(max_length=100)]
    """町字."""
    number: Annotated[str, StringConstraints(max_length=60)] = ""
    """番地・号."""
    building: Annotated[str, StringConstraints(max_length=100)] = ""
    """方書: building and room."""


Nationality = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""国籍・地域 of a foreigner: ISO 3166-1 alpha-3, XXA for whoever has none; our own choice of code."""


class OtherName(Frozen):
    """旧氏 or 通称."""

    name: PersonName
    """旧氏 or 通称 as it is written."""
    name_kana: PersonName
    """Its reading (振り仮名)."""


class OtherNames(Frozen):
    """氏名のほかの呼称: what somebody is called on the record beside the name."""

    former_name: OtherName | None
    """旧氏: a family name from before, of Japanese people."""
    alias: OtherName | None
    """通称, of foreigners."""


class ResidentRow(Row):
    """住民の異動履歴: one whole history row of a resident. The highest `history_number` is the current one."""

    table: ClassVar[str] = "resident_history"
    key: ClassVar[tuple[str, ...]] = ("addressee_number", "history_number")

    addressee_number: AddresseeNumber
    """宛名番号."""
    history_number: Annotated[int, Field(ge=1)]
    """履歴番号: 1, 2, 3, …"""
    status: Status
    """住民票 or 除票."""
    household_number: HouseholdNumber
    """世帯番号."""
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
    address: Commitment
    """住所: the commitment of the sealed part."""
    previous_address: Commitment | None = None
    """転入前の住所, sealed."""
    destination_address: Commitment | None = None
    """転出先の住所, sealed."""
    removed_on: CalendarDate | None = None
    """消除の異動日, for a removed person."""
    reason: Reason
    """異動事由."""
    effective_date: CalendarDate
    """異動日."""
    notified_date: CalendarDate
    """届出日."""
    processed_date: CalendarDate
    """処理日: the day on which the registry recorded it."""
    ex_officio: bool
    """職権 instead of a notification (届出)."""
    place: ShortText
    """The office that handled it."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""
    movement: ShortText
    """異動: the receipt (`stream:incarnation:position`) of the notice that made this row; all rows of it share it."""
    cancels: Annotated[int, Field(ge=1)] | None = None
    """取消し: the history number that this row takes back."""
    nationality: Nationality | None = None
    """国籍・地域; None for Japanese people."""
    other_names: OtherNames | None = None
    """旧氏・通称; None for whoever has neither."""
    planned_on: CalendarDate | None = None
    """転出予定日, of a move out within the country."""
    confirmed_on: CalendarDate | None = None
    """転出確定日: the move-in date that the new municipality told; `removed_on` is the earlier of both."""
    resident_code: Commitment | None = None
    """住民票コード, sealed; None as long as the registry knows none."""


class HouseholdRow(Row):
    """世帯: a household with its head and its members."""

    table: ClassVar[str] = "household"
    key: ClassVar[tuple[str, ...]] = ("household_number",)

    household_number: HouseholdNumber
    """世帯番号."""
    head: AddresseeNumber | None
    """世帯主; None is a legal state: somebody has to decide who it is."""
    members: tuple[AddresseeNumber, ...]
    """世帯員, the head included, in the order in which they joined; empty once the household has ended."""


class ResidentEvent(Event):
    """What all events of the stream `resident` share: the rows that they make true."""

    stream: ClassVar[str] = STREAM

    residents: Annotated[tuple[ResidentRow, ...], Field(min_length=1)]
    """The new history row of everybody whom the event touches."""
    households: tuple[HouseholdRow, ...]
    """世帯: every household that the event changes, as it is afterwards."""

    def subject(self) -> str:
        """The 宛名番号 of the first person."""
        return self.residents[0].addressee_number

    def keys(self) -> frozenset[str]:
        """The 宛名番号 of everybody whom the event touches."""
        return frozenset(row.addressee_number for row in self.residents)


class ResidentCarriedOver(ResidentEvent):
    """移行: a household was taken over from the system used before."""

    type: ClassVar[str] = "resident.carried-over.v1"


class ResidentMovedIn(ResidentEvent):
    """転入: one or more people moved in, from within the country or from abroad."""

    type: ClassVar[str] = "resident.moved-in.v1"


class ResidentBorn(ResidentEvent):
    """出生: a child was born into a household."""

    type: ClassVar[str] = "resident.born.v1"


class ResidentMovedOut(ResidentEvent):
    """転出: one or more people left for another municipality or abroad."""

    type: ClassVar[str] = "resident.moved-out.v1"


class ResidentDied(ResidentEvent):
    """死亡."""

    type: ClassVar[str] = "resident.died.v1"


class ResidentChangedAddress(ResidentEvent):
    """転居: one or more people of a household moved within the municipality."""

    type: ClassVar[str] = "resident.changed-address.v1"


class HouseholdHeadChanged(ResidentEvent):
    """世帯主変更: a household has another head, and the relationships are to that head."""

    type: ClassVar[str] = "resident.household-head-changed.v1"


class ResidentMovementCancelled(ResidentEvent):
    """異動の取消し: a movement is taken back; the row before it holds again, as a new row."""

    type: ClassVar[str] = "resident.movement-cancelled.v1"


class ResidentNotice(Notice):
    """What all notices to the registry share."""

    service: ClassVar[str] = SERVICE

    effective_date: CalendarDate
    """異動日."""
    notified_date: CalendarDate
    """届出日."""
    ex_officio: bool = False
    """職権."""
    place: ShortText
    """The office that handled it."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""
    gaiji_system: GaijiSystem | None = None
    """外字の体系: whose private-use characters the names hold; None if they hold none."""
    extensions: Extensions | None = None
    """拡張項目: extra attributes by namespace, as the municipality's own schemas have them."""


class Person(Frozen):
    """A person who enters the record (記載)."""

    name: PersonName
    """氏名."""
    name_kana: PersonName
    """氏名の振り仮名."""
    birth_date: CivilDate
    """生年月日."""
    sex: Sex
    """性別."""
    relationship: Relationship
    """続柄 to the head of the household."""
    nationality: Nationality | None = None
    """国籍・地域; None for Japanese people."""
    resident_code: ResidentCode | None = None
    """住民票コード that the person brings along; None for whoever has none, or where it is not known."""


Relationships = Annotated[dict[AddresseeNumber, Relationship], Field(json_schema_extra={"additionalProperties": False})]
"""続柄 by 宛名番号: what people are to a head; the head's own is 世帯主."""
Persons = Annotated[tuple[Person, ...], Field(min_length=1, max_length=30)]
AddresseeNumbers = Annotated[tuple[AddresseeNumber, ...], Field(min_length=1, max_length=30)]


class CarryOverNotice(ResidentNotice):
    """移行: a household as the system used before has it; `effective_date` is the day its members became residents."""

    type: ClassVar[str] = "resident-notice.carry-over.v1"

    persons: Persons
    """世帯員: everybody in the household; exactly one is 世帯主."""
    address: Address
    """住所 of the household."""


class MoveInNotice(ResidentNotice):
    """転入届: one or more people move in together, as a new household or into one that exists."""

    type: ClassVar[str] = "resident-notice.move-in.v1"

    origin: Literal["domestic", "abroad"]
    """国内転入 or 国外転入."""
    persons: Persons
    """転入者: everybody who moves in together."""
    household_number: HouseholdNumber | None = None
    """世帯番号 of the household they join; None for a new one."""
    address: Address
    """住所 in this municipality."""
    previous_address: Address
    """転入前の住所."""
    previous_municipality: MunicipalityCode | None = None
    """転入前の市区町村, within the country: it is told that they have arrived."""
    identified: IdentifiedPeople = ()
    """特定された者: of whom more is known than what is stated."""


class BirthNotice(ResidentNotice):
    """出生届: a child enters the household of a parent; `effective_date` is the date of birth."""

    type: ClassVar[str] = "resident-notice.birth.v1"

    child: Person
    """出生子."""
    household_number: HouseholdNumber
    """世帯番号 of the household that the child enters."""


class MoveOutNotice(ResidentNotice):
    """転出届: one or more people of one household leave; the effective date may lie in the future."""

    type: ClassVar[str] = "resident-notice.move-out.v1"

    addressee_numbers: AddresseeNumbers
    """転出者: 宛名番号 of everybody who leaves."""
    destination: Literal["domestic", "abroad"]
    """国内転出 or 国外転出."""
    destination_address: Address
    """転出先の住所."""
    destination_municipality: MunicipalityCode | None = None
    """転出先の市区町村, within the country."""


class DeathNotice(ResidentNotice):
    """死亡届."""

    type: ClassVar[str] = "resident-notice.death.v1"

    addressee_number: AddresseeNumber
    """宛名番号 of the deceased; `effective_date` is the date of death."""


class ChangeOfAddressNotice(ResidentNotice):
    """転居届: people of one household move within the municipality; fewer than all become a household of their own.

    They may also join another household, at its address.
    """

    type: ClassVar[str] = "resident-notice.change-of-address.v1"

    addressee_numbers: AddresseeNumbers
    """転居者: 宛名番号 of everybody who moves."""
    address: Address
    """住所 after the move."""
    household_number: HouseholdNumber | None = None
    """世帯番号 of another household that they join; None if they join none."""
    relationships: Relationships = Field(default_factory=dict)
    """続柄 to the head of their household afterwards; who is left out keeps what follows from before."""


class ChangeOfHeadNotice(ResidentNotice):
    """世帯主変更届: another member becomes head, and the relationships of all members are to the new head."""

    type: ClassVar[str] = "resident-notice.change-of-head.v1"

    household_number: HouseholdNumber
    """世帯番号 of the household."""
    head: AddresseeNumber
    """宛名番号 of the new 世帯主."""
    relationships: Relationships
    """続柄 of members to the new head; who is left out gets what follows from before."""


class CancelMovementNotice(ResidentNotice):
    """異動の取消し: the last movement of a person is taken back, with everybody who moved by the same event."""

    type: ClassVar[str] = "resident-notice.cancel-movement.v1"

    addressee_number: AddresseeNumber
    """宛名番号 of the person."""
    history_number: Annotated[int, Field(ge=1)]
    """履歴番号 of the row to take back: the person's current one."""
