"""A message: what is sent to a notices topic, right or wrong on purpose, and what is expected to come of it."""

from dataclasses import dataclass
from typing import Literal

from kumiai_contracts.chain import digest
from kumiai_contracts.envelope import Headers, NoticeEnvelope
from kumiai_contracts.model import Notice

Expected = Literal["accepted", "refused", "none"]
"""`none`: a message without an id that could be answered; it is kept for an operator, and no receipt is possible."""


@dataclass(frozen=True, slots=True)
class Message:
    """A record for a notices topic with its expectation."""

    service: str
    source: str
    id: str
    type: str
    headers: Headers
    body: bytes
    kind: str
    """`good`, or the way in which it is wrong."""
    expected: Expected
    codes: frozenset[str] = frozenset()
    """One of these must be among the reasons of an expected refusal."""

    @property
    def digest(self) -> str:
        """The digest by which its receipt is known, in hexadecimal."""
        return digest(self.type, self.body).hex()

    @property
    def answerable(self) -> bool:
        """Whether a receipt is possible."""
        return self.expected != "none"


def good(envelope: NoticeEnvelope, notice: Notice) -> Message:
    """The message of a notice that is right."""
    return Message(
        notice.service,
        envelope.source,
        envelope.id,
        envelope.type,
        envelope.headers(),
        notice.body(),
        "good",
        "accepted",
    )
