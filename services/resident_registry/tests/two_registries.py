"""Two registries in memory, and the courier between them, which may be slow, and may deliver again."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from kumiai_contracts.decision import Letter, Refused
from kumiai_contracts.messages import reason
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import MoveInNotice, MoveOutNotice, Person
from kumiai_contracts.resident_affairs import WorkItemRow
from kumiai_contracts.resident_between import MoveBetweenRow, MovesTold
from kumiai_resident_registry.domain import telling
from registry_in_memory import Registry, move_in, move_out, person

HERE, THERE = "131016", "011002"
PLANNED, ARRIVED = date(2026, 5, 20), date(2026, 5, 18)


@dataclass
class Town(Registry):
    """A registry whose messages lie in the post until they are carried, in their order."""

    post: deque[MovesTold] = field(default_factory=deque)

    def take(self, event: Any) -> None:
        super().take(event)
        if isinstance(event, MovesTold):
            self.post.append(event)

    def letter(self, event: MovesTold) -> Letter:
        letter = telling.letter(event, {part.commitment: part.part for part in self.parts})
        assert letter is not None
        return letter

    def items(self, kind: str) -> list[WorkItemRow]:
        """What waits, of a kind."""
        return [row for row in self.affairs.all(WorkItemRow) if row.kind == kind and row.state != "settled"]

    def moves(self, kind: str, state: str = "open") -> list[MoveBetweenRow]:
        return [row for row in self.affairs.all(MoveBetweenRow) if (row.kind, row.state) == (kind, state)]


class Two:
    """A here, B there."""

    def __init__(self) -> None:
        self.a, self.b = Town(municipality=HERE), Town(municipality=THERE)
        self.sent: dict[str, list[Notice]] = {HERE: [], THERE: []}
        """What was ever delivered to whom."""

    def carry(self, town: Town) -> None:
        """Deliver the next message of a municipality."""
        letter = town.letter(town.post.popleft())
        recipient = self.a if letter.recipient == HERE else self.b
        assert letter.recipient == recipient.municipality
        recipient.accept(letter.notice)
        self.sent[letter.recipient].append(letter.notice)

    def again(self, town: Town, n: int) -> None:
        """Deliver once more what was delivered to a municipality."""
        town.accept(self.sent[town.municipality][n])

    def settle(self) -> None:
        """Carry everything."""
        while self.a.post or self.b.post:
            for town in (self.a, self.b):
                while town.post:
                    self.carry(town)


def not_taken(town: Town) -> None:
    """The next message comes back: the recipient takes no part."""
    event = town.post.popleft()
    refused = Refused((reason("recipient-not-subscribed"),))
    assert refused.reasons
    for following in telling.returned(event, town.context()):
        town.take(following)


def leaving(*numbers: str, to: str | None = THERE, planned: date = PLANNED, **more: Any) -> MoveOutNotice:
    return move_out(*numbers, effective=planned, **more).model_copy(update={"destination_municipality": to})


def arriving(*persons: Person, came_from: str | None = HERE, on: date = ARRIVED, **more: Any) -> MoveInNotice:
    notice = move_in("世帯主", effective=on, **more)
    return notice.model_copy(update={"persons": persons or (person(),), "previous_municipality": came_from})
