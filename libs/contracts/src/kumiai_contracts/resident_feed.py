"""The feed (異動データ連携): how a municipality's own resident registry hands in the standard `resident` events.

Numbers are the own system's: 1, 2, 3, … without a gap, never used twice. `movement` of every row is left empty; the
federation fills in the receipt, as in every row of the stream.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from kumiai_contracts.fields import AddresseeNumber, Digest, ResidentCode
from kumiai_contracts.model import Frozen, Notice, canonical_json
from kumiai_contracts.resident import (
    SERVICE,
    Address,
    HouseholdHeadChanged,
    HouseholdRow,
    ResidentBorn,
    ResidentCarriedOver,
    ResidentChangedAddress,
    ResidentDied,
    ResidentEvent,
    ResidentMovedIn,
    ResidentMovedOut,
    ResidentMovementCancelled,
    ResidentRow,
)
from kumiai_contracts.resident_affairs import ProtectionRow
from kumiai_contracts.resident_amendments import (
    ResidentAmended,
    ResidentEntered,
    ResidentMoveOutConfirmed,
    ResidentNationalityChanged,
    ResidentRecordRemade,
    ResidentRemoved,
    ResidentReturned,
)
from kumiai_contracts.resident_carry_over import CarriedNumberRow, ResidentHistoryCarriedOver
from kumiai_contracts.resident_households import HouseholdsMerged, HouseholdSplit, ResidentChangedHousehold

MOVEMENTS: Mapping[str, type[ResidentEvent]] = {
    kind.type: kind
    for kind in (
        ResidentCarriedOver,
        ResidentHistoryCarriedOver,
        ResidentMovedIn,
        ResidentBorn,
        ResidentEntered,
        ResidentReturned,
        ResidentMovedOut,
        ResidentMoveOutConfirmed,
        ResidentDied,
        ResidentRemoved,
        ResidentChangedAddress,
        HouseholdHeadChanged,
        HouseholdSplit,
        HouseholdsMerged,
        ResidentChangedHousehold,
        ResidentNationalityChanged,
        ResidentRecordRemade,
        ResidentAmended,
        ResidentMovementCancelled,
    )
}
"""The movements and amendments that a feed may hand in, by type."""
SNAPSHOT_MOST = 1000
"""The most people of one snapshot; more are told in further ones, each of a range of its own."""

FeedNumber = Annotated[int, Field(ge=1, lt=2**53)]
"""連番: the own system's number of an event."""
_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)
_CODE: TypeAdapter[str] = TypeAdapter(ResidentCode)
_Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")]


class FeedPart(Frozen):
    """封緘部分: an address or a 住民票コード whose commitment stands in the event."""

    name: Literal["address", "previous_address", "destination_address", "resident_code"]
    """Which field of a row it is."""
    salt: Digest
    """32 unguessable bytes in hexadecimal, other ones for every part."""
    part: Annotated[str, StringConstraints(min_length=2, max_length=2000)]
    """The exact JSON text sealed: an address (住所) or a 住民票コード: its commitment is SHA-256(salt ‖ text)."""

    def is_what_it_says(self) -> bool:
        """Whether the text is an address, or a 住民票コード."""
        kind = _CODE if self.name == "resident_code" else _ADDRESS
        try:
            kind.validate_json(self.part)
        except ValidationError:
            return False
        return True


class FeedNotice(Notice):
    """What all notices of a feed share."""

    service: ClassVar[str] = SERVICE


class FedMovement(Frozen):
    """異動: the body of a movement's or amendment's event."""

    residents: Annotated[tuple[ResidentRow, ...], Field(min_length=1, max_length=1000)]
    """The new history row of everybody whom the event touches, with `movement` empty; of a history every row."""
    households: Annotated[tuple[HouseholdRow, ...], Field(max_length=100)]
    """世帯: every household that the event changes, as it is afterwards."""
    numbers: Annotated[tuple[CarriedNumberRow, ...], Field(max_length=200)] = ()
    """旧番号対応, of a history that is carried over (移行（履歴）); of nothing else."""


class FeedEventNotice(FeedNotice):
    """異動データ: a movement or amendment, as the municipality's own system has it."""

    type: ClassVar[str] = "resident-feed-notice.event.v1"

    sequence: FeedNumber
    """連番 of the event."""
    event_type: Literal[
        "resident.carried-over.v1",
        "resident.history-carried-over.v1",
        "resident.moved-in.v1",
        "resident.born.v1",
        "resident.entered.v1",
        "resident.moved-out.v1",
        "resident.move-out-confirmed.v1",
        "resident.died.v1",
        "resident.removed.v1",
        "resident.changed-address.v1",
        "resident.household-head-changed.v1",
        "resident.household-split.v1",
        "resident.households-merged.v1",
        "resident.changed-household.v1",
        "resident.nationality-changed.v1",
        "resident.record-remade.v1",
        "resident.amended.v1",
        "resident.movement-cancelled.v1",
    ]
    """`ce_type` of the event in the stream `resident`."""
    event: FedMovement
    """The event's body."""
    parts: Annotated[tuple[FeedPart, ...], Field(max_length=100)] = ()
    """Its sealed parts, as far as the federation does not have them from an earlier event."""


class FeedProtectionNotice(FeedNotice):
    """支援措置データ: who is protected now; becomes `resident.protection-changed.v1`."""

    type: ClassVar[str] = "resident-feed-notice.protection.v1"

    sequence: FeedNumber
    """連番 of the event."""
    protections: Annotated[tuple[ProtectionRow, ...], Field(min_length=1, max_length=100)]
    """支援措置 of everybody concerned, as it is now."""


class SnapshotLine(Frozen):
    """One person of a snapshot."""

    addressee_number: AddresseeNumber
    """宛名番号."""
    row: Digest
    """The digest of the current row; see `row_digest`."""


class FeedSnapshotNotice(FeedNotice):
    """照合データ: who of a range of numbers is on the live record after an event, and how everybody's row stands."""

    type: ClassVar[str] = "resident-feed-notice.snapshot.v1"

    sequence: Annotated[int, Field(ge=0, lt=2**53)]
    """連番 of the last event before the snapshot; 0 before the first."""
    first: _Number
    """The range's first 宛名番号, whether or not somebody has it."""
    last: _Number
    """The range's last 宛名番号."""
    residents: Annotated[tuple[SnapshotLine, ...], Field(max_length=SNAPSHOT_MOST)]
    """Everybody of the range who is on the live record, in the order of the numbers."""
    hash: Digest
    """SHA-256 over the lines; see `snapshot_hash`."""


def row_digest(row: ResidentRow) -> str:
    """SHA-256 of a row as canonical JSON (every field, sorted keys, no spaces, UTF-8) with `movement` empty."""
    return sha256(canonical_json({**row.model_dump(mode="json"), "movement": ""})).hexdigest()


def snapshot_hash(lines: Iterable[SnapshotLine]) -> str:
    """SHA-256 over `addressee number:row digest` and a line feed for each line, in order."""
    total = sha256()
    for line in lines:
        total.update(f"{line.addressee_number}:{line.row}\n".encode())
    return total.hexdigest()


def snapshot(
    sequence: int, rows: Iterable[ResidentRow], first: str = "0000000000", last: str = "9999999999"
) -> FeedSnapshotNotice:
    """The snapshot of these current rows of everybody in a range who is on the live record."""
    ordered = sorted(rows, key=lambda row: row.addressee_number)
    lines = tuple(SnapshotLine(addressee_number=row.addressee_number, row=row_digest(row)) for row in ordered)
    return FeedSnapshotNotice(sequence=sequence, first=first, last=last, residents=lines, hash=snapshot_hash(lines))
