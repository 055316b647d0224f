"""Messages to the network and deliveries from it: the interface that every adapter has.

A message is named by its sender, the same again when it is sent again; so a network that has it takes it as a repeat.
"""

from typing import Annotated, Any, Literal, Protocol

from kumiai_contracts.fields import Timestamp
from kumiai_contracts.institutions import InstitutionCode
from kumiai_contracts.model import Frozen
from pydantic import Field, StringConstraints

MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_.-]{1,120}$")]
Kind = Literal[
    "code-registration", "inquiry", "answer", "recall", "recall-receipt", "record-digests", "record-digests-receipt"
]


class Message(Frozen):
    """What an institution sends."""

    id: MessageId
    kind: Kind
    sender: InstitutionCode
    receiver: InstitutionCode
    sent_at: Timestamp
    expires_at: Timestamp
    content: dict[str, Any]
    """What the notice holds that the network makes of it, beside the envelope."""


class Delivery(Frozen):
    """What the network has for an institution: a notice with its proof, until it is acknowledged."""

    id: Annotated[str, Field(max_length=200)]
    receiver: InstitutionCode
    type: Annotated[str, Field(max_length=100)]
    body: str
    """The notice as JSON text."""
    repeated: bool
    """Whether it may have been delivered before."""


class NetworkAway(Exception):
    """The network can't be reached, or doesn't answer now. Nothing is lost: try again."""


class Network(Protocol):
    """An adapter. Sending and acknowledging may be repeated; every method raises NetworkAway."""

    async def send(self, messages: list[Message]) -> None:
        """Hand messages over; returns once the network has taken them or refused them for good."""

    async def fetch(self, institutions: list[str], limit: int) -> list[Delivery]:
        """What is there for these institutions, waiting a little if nothing is.

        The adapter has checked that it all comes from the network, unchanged.
        """

    async def acknowledge(self, deliveries: list[Delivery]) -> None:
        """They are committed here and need not come again."""

    async def close(self) -> None:
        """Give up the connections."""
