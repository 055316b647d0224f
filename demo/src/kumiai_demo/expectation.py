"""What must be so in the services once every accepted notice has had its effect: the checker's own simple model.

It knows what was sent and what the receipts say (accepted or not, which numbers), and nothing of how services work.
A notice is recognised in a history row by the clerk's reference (`operator`), which is another one in each notice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kumiai_demo.ledger import Sent
from kumiai_demo.receipt_feed import Receipt
from kumiai_demo.script import learned_from

HEAD = "世帯主"
UNKNOWN = "?"
"""A household number that no receipt named."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a person stands in the registry."""

    resident: bool
    household: str
    head: bool | None
    """Whether the person is head; None where the notices don't settle it."""
    address: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A history row that an accepted notice must have led to."""

    reference: str
    """The clerk's reference in the notice."""
    effective_date: str
    place: Place


@dataclass(slots=True)
class ExpectedPerson:
    """One person, by 宛名番号."""

    number: str
    name: str
    birth_date: str
    steps: list[Step] = field(default_factory=list)
    may_follow: set[str] = field(default_factory=set)
    """References of notices about others that may have changed this person, too, such as by a head who left."""

    @property
    def place(self) -> Place:
        """How the person stands now."""
        return self.steps[-1].place


@dataclass(slots=True)
class ExpectedHousehold:
    """One household; a head of None where nobody, or the registry, decides."""

    number: str
    members: list[str]
    head: str | None


@dataclass(slots=True)
class Expectation:
    """Everything that the accepted notices of one municipality must have led to."""

    people: dict[str, ExpectedPerson] = field(default_factory=dict)
    households: dict[str, ExpectedHousehold] = field(default_factory=dict)
    reports: dict[tuple[int, str], list[Mapping[str, Any]]] = field(default_factory=dict)
    """Accepted income reports by (fiscal year, person), in order."""
    doubly_assigned: list[str] = field(default_factory=list)
    """Numbers that two people got."""

    def take(self, sent: Sent, receipt: Receipt) -> None:
        """Let an accepted notice have its effect. Notices of one person must come in the order of their sending."""
        assert sent.notice is not None
        kind = sent.type.removesuffix(".v1")
        notice = sent.notice
        match kind:
            case "resident-notice.carry-over" | "resident-notice.move-in":
                self._enter(notice, receipt, notice["persons"], notice.get("household_number"), notice["address"])
            case "resident-notice.birth":
                household = self.households[notice["household_number"]]
                self._enter(notice, receipt, [notice["child"]], household.number, self._address_of(household))
            case "resident-notice.move-out":
                self._leave(notice, notice["addressee_numbers"])
            case "resident-notice.death":
                self._leave(notice, [notice["addressee_number"]])
            case "resident-notice.change-of-address":
                self._move(notice, receipt)
            case "resident-notice.change-of-head":
                self._name_head(notice)
            case "resident-notice.household-split":
                self._regroup(
                    notice, notice["addressee_numbers"], learned_from(receipt.body).household_number or UNKNOWN
                )
            case "resident-notice.change-of-household":
                self._regroup(notice, notice["addressee_numbers"], notice["household_number"])
            case "resident-notice.household-merge":
                merged = self.households[notice["merged_household_number"]]
                self._regroup(notice, list(merged.members), notice["household_number"])
            case "resident-notice.cancel-movement":
                self._cancel(notice)
            case "taxation-notice.employment-income-report":
                key = (notice["fiscal_year"], notice["addressee_number"])
                self.reports.setdefault(key, []).append(notice)
            case _:
                raise ValueError(f"the checker does not know {sent.type}")

    def _enter(
        self,
        notice: Mapping[str, Any],
        receipt: Receipt,
        persons: list[Mapping[str, Any]],
        household_number: str | None,
        address: Mapping[str, Any],
    ) -> None:
        learned = learned_from(receipt.body)
        number = household_number or learned.household_number or UNKNOWN
        household = self.households.setdefault(number, ExpectedHousehold(number, [], None))
        for person, assigned in zip(persons, learned.numbers, strict=True):
            if assigned in self.people:
                self.doubly_assigned.append(assigned)
            found = ExpectedPerson(assigned, person["name"], person["birth_date"])
            is_head = household_number is None and person["relationship"] == HEAD
            found.steps.append(_step(notice, Place(True, number, is_head, address)))
            self.people[assigned] = found
            household.members.append(assigned)
            if is_head:
                household.head = assigned

    def _leave(self, notice: Mapping[str, Any], numbers: list[str]) -> None:
        for number in numbers:
            person = self.people[number]
            person.steps.append(_step(notice, replace(person.place, resident=False, head=None)))
        self._take_out(notice, numbers)

    def _move(self, notice: Mapping[str, Any], receipt: Receipt) -> None:
        numbers: list[str] = notice["addressee_numbers"]
        household = self.households[self.people[numbers[0]].place.household]
        together = set(numbers) == set(household.members)
        new = household.number if together else learned_from(receipt.body).household_number or UNKNOWN
        for number in numbers:
            person = self.people[number]
            head = person.place.head if together else (True if len(numbers) == 1 else None)
            place = Place(True, new, head, notice["address"])
            person.steps.append(_step(notice, place))
        if not together:
            self._take_out(notice, numbers)
            self.households[new] = ExpectedHousehold(new, list(numbers), numbers[0] if len(numbers) == 1 else None)

    def _regroup(self, notice: Mapping[str, Any], numbers: list[str], joined: str) -> None:
        """People belong to another household at the same address; whoever begins one alone is its head."""
        household = self.households.setdefault(joined, ExpectedHousehold(joined, [], None))
        alone = len(numbers) == 1 and not household.members
        for number in numbers:
            place = replace(self.people[number].place, household=joined, head=alone)
            self.people[number].steps.append(_step(notice, place))
        self._take_out(notice, numbers)
        household.members += numbers
        if alone:
            household.head = numbers[0]

    def _name_head(self, notice: Mapping[str, Any]) -> None:
        household = self.households[notice["household_number"]]
        household.head = notice["head"]
        for number in notice["relationships"]:
            person = self.people[number]
            person.steps.append(_step(notice, replace(person.place, head=number == household.head)))

    def _cancel(self, notice: Mapping[str, Any]) -> None:
        """The last movement is taken back, for everybody who moved by it: the place before it holds again."""
        taken_back = self.people[notice["addressee_number"]].steps[-1].reference
        for person in self.people.values():
            if not person.steps or person.steps[-1].reference != taken_back:
                continue
            left = person.steps[-1].place
            before = person.steps[-2].place if len(person.steps) > 1 else replace(left, resident=False, head=None)
            person.steps.append(_step(notice, before))
            self._put_back(person.number, left, before)

    def _put_back(self, number: str, left: Place, before: Place) -> None:
        old, new = self.households[left.household], self.households[before.household]
        if number in old.members:
            old.members.remove(number)
        if old.head == number:
            old.head = None
        if before.resident:
            new.members.append(number)
            if before.head:
                new.head = number

    def _take_out(self, notice: Mapping[str, Any], numbers: list[str]) -> None:
        """People leave a household: who is alone then is head; several without a head are a case for a decision."""
        household = self.households[self.people[numbers[0]].steps[-2].place.household]
        household.members = [member for member in household.members if member not in numbers]
        if household.head not in numbers:
            return
        household.head = household.members[0] if len(household.members) == 1 else None
        for member in household.members:
            person = self.people[member]
            person.may_follow.add(notice["operator"])
            if household.head == member:
                # The row by which the registry says so is its own affair; that it is so is not.
                last = person.steps[-1]
                person.steps[-1] = replace(last, place=replace(last.place, head=True))

    def _address_of(self, household: ExpectedHousehold) -> Mapping[str, Any]:
        return self.people[household.members[0]].place.address


def _step(notice: Mapping[str, Any], place: Place) -> Step:
    return Step(notice["operator"], notice["effective_date"], place)


def employment_income(salary: int) -> int:
    """給与所得 of R8 from 給与収入, yen: up to 8,500,000, from the law's table and without anybody else's code."""
    if salary < 651_000:
        return 0
    if salary < 1_900_000:
        return salary - 650_000
    step = salary // 4000 * 4000
    if step < 3_600_000:
        return step * 7 // 10 - 80_000
    if step < 6_600_000:
        return step * 8 // 10 - 440_000
    return salary * 9 // 10 - 1_100_000


def incomes_in_order(reports: list[Mapping[str, Any]]) -> list[int]:
    """給与所得 of each version that these reports, one after another, must have led to."""
    salaries: dict[str, int] = {}
    found = []
    for report in reports:
        salaries[report["employer"]] = report["salary"]
        found.append(employment_income(sum(salaries.values())))
    return found
