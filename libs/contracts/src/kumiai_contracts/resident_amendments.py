"""What changes on a record without anybody moving (職権記載・職権消除・修正): notices and events.

Where the standard has a record end and another one begin for one person (帰化, 国籍喪失, 改製, 再製), the event holds
two rows of that person, a removal and an entry of the same day; 宛名番号, address and 住民票コード stay.
"""

from typing import ClassVar, Literal

from kumiai_contracts.fields import AddresseeNumber, CivilDate, HouseholdNumber, PersonName
from kumiai_contracts.identified import IdentifiedPeople
from kumiai_contracts.resident import (
    Address,
    AddresseeNumbers,
    Nationality,
    OtherName,
    Persons,
    Relationship,
    ResidentEvent,
    ResidentNotice,
    Sex,
)


class ResidentEntered(ResidentEvent):
    """職権記載: people were entered ex officio, who had lived here without being on the record."""

    type: ClassVar[str] = "resident.entered.v1"


class ResidentReturned(ResidentEvent):
    """再転入: people entered of whom at least one was on the record before, and has the same 宛名番号 again."""

    type: ClassVar[str] = "resident.returned.v1"


class ResidentRemoved(ResidentEvent):
    """職権消除: people were removed ex officio, who don't live here any more or were declared missing."""

    type: ClassVar[str] = "resident.removed.v1"


class ResidentNationalityChanged(ResidentEvent):
    """帰化等・国籍喪失: a foreigner is Japanese now, or the other way round."""

    type: ClassVar[str] = "resident.nationality-changed.v1"


class ResidentRecordRemade(ResidentEvent):
    """改製・再製: records were written anew or made again; they say the same as before."""

    type: ClassVar[str] = "resident.record-remade.v1"


class ResidentAmended(ResidentEvent):
    """修正: what a record says was amended."""

    type: ClassVar[str] = "resident.amended.v1"


class ResidentMoveOutConfirmed(ResidentEvent):
    """転出確定: the new municipality told when somebody moved in there."""

    type: ClassVar[str] = "resident.move-out-confirmed.v1"


class ExOfficioEntryNotice(ResidentNotice):
    """職権記載: people who live here without being on the record; `effective_date` is since when."""

    type: ClassVar[str] = "resident-notice.ex-officio-entry.v1"

    persons: Persons
    """記載する者: everybody who is entered together."""
    household_number: HouseholdNumber | None = None
    """世帯番号 of the household that they belong to; None for a new one."""
    address: Address
    """住所."""
    identified: IdentifiedPeople = ()
    """特定された者: who was on the record before."""


class ExOfficioRemovalNotice(ResidentNotice):
    """職権消除: people of one household who don't live here any more, or were declared missing (失踪宣告)."""

    type: ClassVar[str] = "resident-notice.ex-officio-removal.v1"

    addressee_numbers: AddresseeNumbers
    """消除する者."""


class ChangeOfNationalityNotice(ResidentNotice):
    """帰化・国籍取得 or 国籍喪失: a foreigner's record ends and a Japanese one begins, or the other way round."""

    type: ClassVar[str] = "resident-notice.change-of-nationality.v1"

    addressee_number: AddresseeNumber
    """宛名番号, which stays."""
    nationality: Nationality | None
    """国籍・地域 afterwards; None for Japanese."""
    name: PersonName
    """氏名 afterwards."""
    name_kana: PersonName
    """氏名の振り仮名 afterwards."""


class RemakeRecordNotice(ResidentNotice):
    """改製 or 再製 of the records of people of one household."""

    type: ClassVar[str] = "resident-notice.remake-record.v1"

    addressee_numbers: AddresseeNumbers
    """Whose records are made anew."""
    kind: Literal["renewed", "recreated"]
    """改製 or 再製."""


class AmendmentNotice(ResidentNotice):
    """軽微な修正, 職権修正 or 誤記修正: only what is stated changes; an address for the whole household."""

    type: ClassVar[str] = "resident-notice.amendment.v1"

    addressee_numbers: AddresseeNumbers
    """Whose record is amended; several only for an address."""
    kind: Literal["minor-amendment", "ex-officio-amendment", "correction"]
    """軽微な修正 (name as written, reading, address), 職権修正 or 誤記修正."""
    name: PersonName | None = None
    """氏名."""
    name_kana: PersonName | None = None
    """氏名の振り仮名."""
    birth_date: CivilDate | None = None
    """生年月日."""
    sex: Sex | None = None
    """性別."""
    relationship: Relationship | None = None
    """続柄 of whoever is not head."""
    resident_since: CivilDate | None = None
    """住民となった年月日."""
    address_since: CivilDate | None = None
    """住所を定めた年月日."""
    address: Address | None = None
    """住所 as it is written now; a move is a 転居."""


class FormerNameNotice(ResidentNotice):
    """旧氏の記載・変更・削除, of Japanese people."""

    type: ClassVar[str] = "resident-notice.former-name.v1"

    addressee_number: AddresseeNumber
    """宛名番号."""
    former_name: OtherName | None
    """旧氏 afterwards; None removes it."""


class AliasNotice(ResidentNotice):
    """通称の記載・削除, of foreigners."""

    type: ClassVar[str] = "resident-notice.alias.v1"

    addressee_number: AddresseeNumber
    """宛名番号."""
    alias: OtherName | None
    """通称 afterwards; None removes it."""


class MyNumberMovementNotice(ResidentNotice):
    """個人番号の変更請求・職権修正・職権記載: that it happened. The number goes to the linkage vault alone."""

    type: ClassVar[str] = "resident-notice.my-number-movement.v1"

    addressee_number: AddresseeNumber
    """宛名番号."""
    kind: Literal["my-number-change-requested", "my-number-amended", "my-number-entered"]
    """変更請求, 職権修正 or 職権記載."""


class ConfirmMoveOutNotice(ResidentNotice):
    """転入通知の受理 (転出確定): `effective_date` is the move-in date that the new municipality told."""

    type: ClassVar[str] = "resident-notice.confirm-move-out.v1"

    addressee_numbers: AddresseeNumbers
    """転出者 who have moved in there."""
