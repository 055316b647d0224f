"""What the registry keeps beside the record: protection (支援措置), gaiji (外字), and the work list (要処理一覧).

Their rows stand in the stream `resident`, so every reader knows whom to protect. None of them holds a name or an
address.
"""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from kumiai_contracts.fields import AddresseeNumber, CalendarDate, ShortText, Timestamp
from kumiai_contracts.model import Event, Frozen, Notice, Row
from kumiai_contracts.resident import SERVICE, STREAM, AddresseeNumbers, GaijiSystem

CodePoint = Annotated[str, StringConstraints(pattern=r"^U\+(E[0-9A-F]{3}|F[0-8][0-9A-F]{2}|F[0-9A-F]{4})$")]
"""A private-use code point, U+E000 to U+F8FF or of plane 15."""
DecisionCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""What was decided, as a code and never in free text, such as `another-person`."""
MjName = Annotated[str, StringConstraints(pattern=r"^MJ[0-9]{6}$")]
"""MJ文字図形名."""


class ProtectionRow(Row):
    """支援措置: whether a person is protected. Only an ending lifts it, never the end of its term."""

    table: ClassVar[str] = "protection"
    key: ClassVar[tuple[str, ...]] = ("addressee_number",)

    addressee_number: AddresseeNumber
    """宛名番号 of the protected person."""
    state: Literal["provisional", "decided", "ended"]
    """仮支援措置, 支援措置, or 終了."""
    applied_on: CalendarDate
    """申出日."""
    starts_on: CalendarDate | None
    """支援措置の開始日; None before the decision."""
    ends_on: CalendarDate | None
    """支援措置の終了予定日: a year less a day after the start; the protection goes on after it until it is ended."""
    ended_on: CalendarDate | None
    """支援措置を終了した日."""
    together_with: tuple[AddresseeNumber, ...]
    """併せて支援を求める者: who is protected together with the person."""


class GaijiRow(Row):
    """外字対応表: what a private-use code point of a source system means."""

    table: ClassVar[str] = "gaiji"
    key: ClassVar[tuple[str, ...]] = ("system", "code_point")

    system: GaijiSystem
    """The source system."""
    code_point: CodePoint
    """The private-use code point."""
    character: ShortText | None
    """The character, with its variation selector; None as long as nobody has identified it (未同定)."""
    mj: MjName | None
    """Its MJ文字図形名, where it has one."""


class GaijiUseRow(Row):
    """外字使用者: that somebody's name holds private-use characters, and whose they are."""

    table: ClassVar[str] = "gaiji_use"
    key: ClassVar[tuple[str, ...]] = ("addressee_number",)

    addressee_number: AddresseeNumber
    """宛名番号."""
    system: GaijiSystem
    """The system whose characters the name holds."""
    code_points: tuple[str, ...]
    """The private-use code points in the name and its reading."""


class WorkItemRow(Row):
    """要処理案件: something that waits for a person's decision."""

    table: ClassVar[str] = "resident_work_item"
    key: ClassVar[tuple[str, ...]] = ("item",)

    item: ShortText
    """The item's name: its kind and what it is about, such as `head/0000000019`; the same again if it comes back."""
    kind: Literal[
        "head-undecided",
        "character-unidentified",
        "same-person",
        "protected-inquiry",
        "resident-code-missing",
        "move-in-unmatched",
        "move-in-unsent",
        "move-in-withdrawn",
        "move-out-unconfirmed",
    ]
    """世帯主未設定, 外字未同定, 同一人の疑い, 支援対象者への照会, 住民票コード未付番, 転入通知の該当者不明,
    転入通知の未送付, 転入通知の取下げ, 転出未確定.
    """
    keys: tuple[str, ...]
    """宛名番号, 世帯番号 or code points that it is about."""
    state: Literal["open", "assigned", "settled"]
    """未着手, 担当者あり, 処理済み."""
    assignee: ShortText | None
    """担当者: the party that works on it."""
    decision: DecisionCode | None
    """What was decided; for an item that settles by itself, what settled it."""
    opened_at: Timestamp
    """When it was opened, UTC."""
    changed_at: Timestamp
    """When it last changed, UTC."""


class AffairsEvent(Event):
    """What the events of this module share."""

    stream: ClassVar[str] = STREAM


class ProtectionChanged(AffairsEvent):
    """支援措置の申出・決定・延長・終了: who is protected now."""

    type: ClassVar[str] = "resident.protection-changed.v1"

    protections: Annotated[tuple[ProtectionRow, ...], Field(min_length=1)]
    """支援措置 of everybody concerned, as it is now."""

    def keys(self) -> frozenset[str]:
        """The 宛名番号 of everybody concerned."""
        return frozenset(row.addressee_number for row in self.protections)


class GaijiMapped(AffairsEvent):
    """外字の同定: what code points of a source system mean."""

    type: ClassVar[str] = "resident.gaiji-mapped.v1"

    gaiji: Annotated[tuple[GaijiRow, ...], Field(min_length=1)]
    """外字対応表: the rows that are new or different."""


class GaijiKept(AffairsEvent):
    """外字の保持: names came with private-use characters and are kept with them."""

    type: ClassVar[str] = "resident.gaiji-kept.v1"

    uses: Annotated[tuple[GaijiUseRow, ...], Field(min_length=1)]
    """外字使用者: whose names hold them."""
    gaiji: tuple[GaijiRow, ...]
    """外字対応表: code points that nobody had listed before, unidentified."""


class WorkItemsChanged(AffairsEvent):
    """要処理案件の発生・担当・処理: what waits for a person, and what does no longer."""

    type: ClassVar[str] = "resident.work-items-changed.v1"

    items: Annotated[tuple[WorkItemRow, ...], Field(min_length=1)]
    """要処理案件, as they are now."""


class AffairsNotice(Notice):
    """What the notices of this module share."""

    service: ClassVar[str] = SERVICE

    place: ShortText
    """The office that handled it."""
    operator: ShortText
    """The clerk's or system's identifier in the municipality's own system."""


class ProtectionApplicationNotice(AffairsNotice):
    """支援措置の申出: protection is asked for; a provisional measure (仮支援措置) holds until the decision."""

    type: ClassVar[str] = "resident-notice.protection-application.v1"

    addressee_numbers: AddresseeNumbers
    """申出者 first, then whoever asks for protection together with that person."""
    applied_on: CalendarDate
    """申出日."""


class ProtectionDecisionNotice(AffairsNotice):
    """支援措置の決定: protection begins, or a new term of it (延長) follows the old one."""

    type: ClassVar[str] = "resident-notice.protection-decision.v1"

    addressee_numbers: AddresseeNumbers
    """支援対象者."""
    decided_on: date
    """決定日; a first term starts on it, a renewed one on the day after the old term."""


class ProtectionEndingNotice(AffairsNotice):
    """支援措置の終了: protection is lifted. Nothing else ever lifts it."""

    type: ClassVar[str] = "resident-notice.protection-ending.v1"

    addressee_numbers: AddresseeNumbers
    """支援対象者 whose protection ends."""
    ended_on: CalendarDate
    """終了日."""


class GaijiMapping(Frozen):
    """One line of a mapping table."""

    code_point: CodePoint
    """The private-use code point."""
    mj: MjName | None = None
    """MJ文字図形名 of the character."""
    character: ShortText | None = None
    """The character itself, where MJ has none; None for both leaves the code point unidentified."""


class GaijiMappingNotice(AffairsNotice):
    """外字対応表の取込み: what the private-use code points of a source system mean."""

    type: ClassVar[str] = "resident-notice.gaiji-mapping.v1"

    system: GaijiSystem
    """The source system."""
    mappings: Annotated[tuple[GaijiMapping, ...], Field(min_length=1, max_length=5000)]
    """外字対応表."""


class WorkItemNotice(AffairsNotice):
    """要処理案件の担当・処理: a person takes a work item, or settles it with what was decided."""

    type: ClassVar[str] = "resident-notice.work-item.v1"

    item: ShortText
    """The item's name."""
    assignee: ShortText | None = None
    """担当者, for an item that is taken."""
    decision: DecisionCode | None = None
    """What was decided, for an item that is settled."""
