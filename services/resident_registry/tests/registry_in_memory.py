"""A registry in memory, for tests of the rules alone."""

from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, cast

from kumiai_contracts.decision import Accepted, Context, Decision, Refused, SealedPart
from kumiai_contracts.model import Event, Notice, RowSet
from kumiai_contracts.resident import (
    Address,
    BirthNotice,
    CancelMovementNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    DeathNotice,
    MoveInNotice,
    MoveOutNotice,
    OtherName,
    Person,
    ResidentRow,
    Sex,
)
from kumiai_contracts.resident_amendments import (
    AliasNotice,
    AmendmentNotice,
    ChangeOfNationalityNotice,
    ConfirmMoveOutNotice,
    ExOfficioEntryNotice,
    ExOfficioRemovalNotice,
    FormerNameNotice,
    MyNumberMovementNotice,
    RemakeRecordNotice,
)
from kumiai_contracts.resident_codes import CodePoolNotice, ResidentCodeNotice
from kumiai_contracts.resident_households import (
    ChangeOfHouseholdNotice,
    HouseholdMergeNotice,
    HouseholdSplitNotice,
)
from kumiai_resident_registry.domain.record import Record, decide
from kumiai_resident_registry.domain.state import RegistryState

TODAY = date(2026, 6, 1)
HOME = Address(prefecture="東京都", municipality="千代田区", town="丸の内一丁目", number="1番1号")
AWAY = Address(prefecture="北海道", municipality="札幌市中央区", town="北一条西二丁目")


def person(relationship: str = "世帯主", birth_date: str = "1980-04-01", name: str = "山田 太郎") -> Person:
    return Person(
        name=name, name_kana="ヤマダ タロウ", birth_date=birth_date, sex=Sex.FEMALE, relationship=relationship
    )


@dataclass
class Registry:
    """Decides and applies, as the ground does, for one municipality."""

    today: date = TODAY
    municipality: str = "131016"
    state: RegistryState = field(default_factory=RegistryState)
    affairs: RowSet = field(default_factory=RowSet)
    said: dict[str, bytes] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    parts: list[SealedPart] = field(default_factory=list)
    receipts: int = 0
    times: dict[int, str] = field(default_factory=dict)
    """When each receipt was issued, a minute after the one before on the same day."""

    def decide(self, notice: Notice) -> Decision:
        """Decide, and take over what follows."""
        decision = self.peek(notice)
        self.receipts += 1
        self.times[self.receipts] = self.recorded_at(self.receipts)
        if isinstance(decision, Accepted):
            Record(self.state, self.affairs, self.said).know(decision.sealed)
            self.parts += decision.sealed
            for event in decision.events:
                self.take(event)
        return decision

    def take(self, event: Event) -> None:
        """Evolve by an event."""
        Record(self.state, self.affairs, self.said).apply(event)
        self.events.append(event)

    def peek(self, notice: Notice, state: RegistryState | None = None, affairs: RowSet | None = None) -> Decision:
        """What would follow, from this or another state."""
        record = Record(state or self.state, affairs or self.affairs, self.said)
        return decide(record, notice, self.context())

    def context(self) -> Context:
        """What the rules may know besides."""
        cause = f"resident-registry-receipts:1:{self.receipts + 1}"
        return Context(
            self.municipality,
            self.today,
            self.recorded_at(self.receipts + 1),
            cause,
            lambda n: sha256(f"{self.municipality}/{cause}/{n}".encode()).digest(),
        )

    def recorded_at(self, receipt: int) -> str:
        """When a receipt of today is issued."""
        return f"{self.today}T{receipt // 60:02}:{receipt % 60:02}:00.000000Z"

    def accept(self, notice: Notice) -> Accepted:
        decision = self.decide(notice)
        assert isinstance(decision, Accepted), decision
        return decision

    def refuse(self, notice: Notice) -> set[tuple[str, str]]:
        decision = self.decide(notice)
        assert isinstance(decision, Refused), decision
        assert all(reason.ja and reason.en for reason in decision.reasons)
        return {(reason.code, reason.pointer) for reason in decision.reasons}

    # What the tests notify most

    def family(self, *relationships: str, since: date = date(2020, 4, 1), address: Address = HOME) -> list[str]:
        persons = tuple(person(relationship) for relationship in relationships)
        accepted = self.accept(CarryOverNotice(**when(since), persons=persons, address=address))
        return [given.number for given in accepted.assigned if given.kind == "addressee-number"]

    def row(self, number: str) -> ResidentRow:
        row = self.state.current(number)
        assert row is not None
        return row

    def number_of(self, number: str) -> str:
        return self.row(number).household_number

    def household_of(self, number: str) -> Any:
        return self.state.household(self.row(number).household_number)


def when(effective: date = date(2026, 5, 1), notified: date | None = None, **more: Any) -> dict[str, Any]:
    return {
        "effective_date": effective,
        "notified_date": notified or min(effective, TODAY),
        "place": "本庁",
        "operator": "clerk-1",
        **more,
    }


def move_out(*numbers: str, **more: Any) -> MoveOutNotice:
    return MoveOutNotice(**when(**more), addressee_numbers=numbers, destination="domestic", destination_address=AWAY)


def death(number: str, **more: Any) -> DeathNotice:
    return DeathNotice(**when(**more), addressee_number=number)


def birth(household_number: str, relationship: str = "子", day: date = date(2026, 5, 1)) -> BirthNotice:
    return BirthNotice(
        **when(day), child=person(relationship, day.isoformat(), "山田 花"), household_number=household_number
    )


def change_address(*numbers: str, **more: Any) -> ChangeOfAddressNotice:
    return ChangeOfAddressNotice(**when(**more), addressee_numbers=numbers, address=AWAY)


def split(relationships: dict[str, str], rest: dict[str, str] | None = None, **more: Any) -> HouseholdSplitNotice:
    return HouseholdSplitNotice(
        **when(**more),
        addressee_numbers=tuple(relationships),
        relationships=relationships,
        remaining_relationships=rest or {},
    )


def merge(into: str, merged: str, relationships: dict[str, str], **more: Any) -> HouseholdMergeNotice:
    return HouseholdMergeNotice(
        **when(**more), household_number=into, merged_household_number=merged, relationships=relationships
    )


def change_household(
    household_number: str,
    *numbers: str,
    relationships: dict[str, str],
    rest: dict[str, str] | None = None,
    **more: Any,
) -> ChangeOfHouseholdNotice:
    return ChangeOfHouseholdNotice(
        **when(**more),
        addressee_numbers=numbers,
        household_number=household_number,
        relationships=relationships,
        remaining_relationships=rest or {},
    )


def join_by_moving(
    household_number: str, *numbers: str, relationships: dict[str, str], address: Address = HOME, **more: Any
) -> ChangeOfAddressNotice:
    return change_address(*numbers, **more).model_copy(
        update={"household_number": household_number, "relationships": relationships, "address": address}
    )


def change_head(household_number: str, head: str, relationships: dict[str, str], **more: Any) -> ChangeOfHeadNotice:
    return ChangeOfHeadNotice(**when(**more), household_number=household_number, head=head, relationships=relationships)


def move_in(*relationships: str, household_number: str | None = None, **more: Any) -> MoveInNotice:
    return MoveInNotice(
        **when(**more),
        origin="domestic",
        persons=tuple(person(relationship) for relationship in relationships),
        household_number=household_number,
        address=HOME,
        previous_address=AWAY,
    )


def cancel(number: str, history_number: int, **more: Any) -> CancelMovementNotice:
    return CancelMovementNotice(**when(**more), addressee_number=number, history_number=history_number)


def enter(*persons: Person, household_number: str | None = None, **more: Any) -> ExOfficioEntryNotice:
    ex_officio = {"ex_officio": True, **more}
    return ExOfficioEntryNotice(**when(**ex_officio), persons=persons, household_number=household_number, address=HOME)


def remove(*numbers: str, **more: Any) -> ExOfficioRemovalNotice:
    return ExOfficioRemovalNotice(**when(**{"ex_officio": True, **more}), addressee_numbers=numbers)


def change_nationality(number: str, nationality: str | None, **more: Any) -> ChangeOfNationalityNotice:
    return ChangeOfNationalityNotice(
        **when(**{"ex_officio": True, **more}),
        addressee_number=number,
        nationality=nationality,
        name="山田 花子",
        name_kana="ヤマダ ハナコ",
    )


def remake(kind: Any, *numbers: str, **more: Any) -> RemakeRecordNotice:
    return RemakeRecordNotice(**when(**{"ex_officio": True, **more}), addressee_numbers=numbers, kind=kind)


def amend(kind: Any, *numbers: str, ex_officio: bool = True, **changed: Any) -> AmendmentNotice:
    return AmendmentNotice(**when(ex_officio=ex_officio), addressee_numbers=numbers, kind=kind, **changed)


def former_name(number: str, name: str | None) -> FormerNameNotice:
    return FormerNameNotice(**when(), addressee_number=number, former_name=other_name(name))


def alias(number: str, name: str | None) -> AliasNotice:
    return AliasNotice(**when(), addressee_number=number, alias=other_name(name))


def other_name(name: str | None) -> OtherName | None:
    return None if name is None else OtherName(name=name, name_kana="ベツメイ")


def my_number(kind: Any, number: str, **more: Any) -> MyNumberMovementNotice:
    return MyNumberMovementNotice(**when(**more), addressee_number=number, kind=kind)


def confirm(*numbers: str, **more: Any) -> ConfirmMoveOutNotice:
    return ConfirmMoveOutNotice(**when(**more), addressee_numbers=numbers)


def pool(*codes: str) -> CodePoolNotice:
    return CodePoolNotice(codes=codes, place="本庁", operator="clerk-1")


def code(kind: str, number: str, resident_code: str | None = None, **more: Any) -> ResidentCodeNotice:
    kind_ = cast("Any", f"resident-code-{kind}")
    return ResidentCodeNotice(**when(**more), addressee_number=number, kind=kind_, resident_code=resident_code)
