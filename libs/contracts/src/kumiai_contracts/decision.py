"""What a decision gives: the vocabulary in which every service's pure rules answer.

Rules take the state, a command and a context, and answer with one of these values. An expected refusal is a value;
an exception means that the rules themselves are broken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from kumiai_contracts.chain import commitment
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.receipts import Assigned, Reason


@dataclass(frozen=True, slots=True)
class Context:
    """What rules may know besides the state: who, when, and unguessable bytes."""

    municipality: str
    """全国地方公共団体コード."""
    today: date
    """The day in Japan (処理日)."""
    now: str
    """The instant in UTC, RFC 3339 with microseconds."""
    cause: str
    """What leads to the decision (`stream:incarnation:position`): a notice's receipt, or a foreign event."""
    salt: Callable[[int], bytes]
    """The n-th salt of this decision, 32 bytes; the same again when the decision is repeated."""


@dataclass(frozen=True)
class SealedPart:
    """封緘部分: what not every reader may see; the event's body holds only its commitment."""

    name: str
    """What it is, such as `address`."""
    salt: bytes
    part: bytes

    @cached_property
    def commitment(self) -> str:
        """SHA-256(salt ‖ part), in hexadecimal."""
        return commitment(self.salt, self.part)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The notice holds: these events follow from it."""

    events: tuple[Event, ...]
    sealed: tuple[SealedPart, ...] = ()
    assigned: tuple[Assigned, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Refused:
    """The notice does not hold, for these reasons; nothing follows from it."""

    reasons: tuple[Reason, ...]


Decision = Accepted | Refused


@dataclass(frozen=True, slots=True)
class Letter:
    """団体間通知: what one municipality's event tells another."""

    recipient: str
    """The other municipality's code."""
    notice: Notice
    """What its intake gets."""
