"""A script (筋書き): the notices that a clerk sends one after another about one household.

A script is a generator: it yields drafts, and is resumed with what the registry's receipt said, or with None where
the draft did not ask to wait. Scripts of one day never touch the same household, so only the order within one counts.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from kumiai_contracts.model import Notice
from kumiai_contracts.resident import Address, Person

_PERSON = re.compile(r"^/persons/(\d+)$")


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice that is right, before it has an envelope."""

    notice: Notice
    wait: bool = False
    """Whether the script goes on only once it has the receipt, because it needs the numbers in it."""
    cause: str = ""
    """The event that the sender has seen (`stream:incarnation:position`), for the envelope."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What an accepted notice's receipt says."""

    numbers: tuple[str, ...]
    """宛名番号 of the people in the notice, in its order."""
    household_number: str | None
    event: str
    """The first event it caused, as another notice names it for its cause; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Home:
    """A household as the municipality's own system knows it once the registry has answered."""

    household_number: str
    numbers: tuple[str, ...]
    people: tuple[Person, ...]
    address: Address
    event: str

    @classmethod
    def of(cls, people: tuple[Person, ...], address: Address, learned: Learned) -> "Home":
        """A household from what was sent and what the receipt said. Raises ValueError if it lacks a number."""
        if learned.household_number is None or len(learned.numbers) != len(people):
            raise ValueError("the receipt does not name a number for everybody in the notice")
        return cls(learned.household_number, learned.numbers, people, address, learned.event)


Script = Generator[Draft, Learned | None, None]


@dataclass(frozen=True, slots=True)
class Desk:
    """Who handles a notice: the office and the running number of the case at it, unique within a run."""

    place: str
    operator: str


def learned_from(receipt: Mapping[str, Any]) -> Learned:
    """Read the body of an accepted receipt."""
    people: dict[int, str] = {}
    household = None
    for assigned in receipt["assigned"]:
        if assigned["kind"] == "household-number":
            household = assigned["number"]
        else:
            match = _PERSON.match(assigned["pointer"])
            people[int(match[1]) if match else 0] = assigned["number"]
    caused = receipt["caused"]
    event = f"{caused[0]['stream']}:{caused[0]['incarnation']}:{caused[0]['position']}" if caused else ""
    return Learned(tuple(number for _, number in sorted(people.items())), household, event)


def answer_of(script: Script, learned: Learned | None) -> Draft | None:
    """Resume a script: its next draft, or None when it has ended."""
    try:
        return script.send(learned)
    except StopIteration:
        return None
