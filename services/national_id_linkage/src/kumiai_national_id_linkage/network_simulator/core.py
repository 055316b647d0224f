"""The network itself, without its server: what it takes from whom, and what it delivers.

A message is refused, passed on as a notice with the network's proof, or answered by the network's own refusal.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.clock import day_in_japan, timestamp
from kumiai_contracts.exchange_notices import (
    AnswerNotice,
    CodeIssuedNotice,
    NetworkNotice,
    NetworkRefusalNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.model import canonical_json
from kumiai_contracts.recall import RecallNotice, RecallReceiptNotice, RecordDigestsNotice, RecordDigestsReceiptNotice
from pydantic import ValidationError

from kumiai_national_id_linkage.domain.legal_table import Asked, LegalTables, Outside
from kumiai_national_id_linkage.network.messages import Delivery, Message
from kumiai_national_id_linkage.network_simulator.register import Register

PASSED_ON: dict[str, type[NetworkNotice]] = {
    "answer": AnswerNotice,
    "recall": RecallNotice,
    "recall-receipt": RecallReceiptNotice,
    "record-digests": RecordDigestsNotice,
    "record-digests-receipt": RecordDigestsReceiptNotice,
}
"""Kinds of messages that the network only carries."""
REDELIVER_SECONDS = 10.0
"""How long the network waits for an acknowledgement before it delivers again."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How the network behaves now; each is the chance for one message, from 0 to 1."""

    delay_seconds: float = 0.0
    """The longest time by which a delivery is late."""
    repeat: float = 0.0
    """A delivery comes again after it was acknowledged."""
    lose: float = 0.0
    """A message is said to be taken and is gone."""
    reorder: bool = False
    """Deliveries come in any order."""
    away: bool = False
    """Nothing is taken and nothing delivered."""


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    not_before: float
    fetched_until: float = 0.0
    """Until when a fetched delivery is not given out again; then it was not acknowledged and comes again."""


@dataclass
class Core:
    """The state of the network. Times are given; chance comes from `chance`."""

    key: Ed25519PrivateKey
    tables: LegalTables
    register: Register
    weather: Weather = Weather()
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    _queues: dict[str, dict[str, _Waiting]] = field(default_factory=dict)
    _taken: dict[tuple[str, str], None] = field(default_factory=dict)
    _bodies: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, speaker: str, message: Message, instant: datetime) -> tuple[str, str]:
        """Take a message: `accepted`, `repeated` or `refused`, with the code of a refusal."""
        if not self.register.speaks_for(speaker, message.sender):
            return self._counted("refused", "sender-not-yours")
        if self.chance.random() < self.weather.lose:
            return self._counted("accepted", "", lost=True)
        known = (message.sender, message.id) in self._taken
        try:
            code = self._pass_on(message, instant, again=known)
        except ValidationError:
            return self._counted("refused", "content-invalid")
        if code:
            return self._counted("refused", code)
        self._taken[message.sender, message.id] = None
        return self._counted("repeated" if known else "accepted", "")

    def settle_person(self, acquisition_number: str, person: str, instant: datetime) -> None:
        """住基ネット says whose a 取得番号 is."""
        self.register.settle(acquisition_number, person)
        self._issue(acquisition_number, instant)

    def fetch(self, speaker: str, institutions: list[str], limit: int, clock: float) -> list[Delivery]:
        """What is due for these institutions, as far as the speaker is them."""
        due = [
            waiting
            for institution in institutions
            if self.register.speaks_for(speaker, institution)
            for waiting in self._queues.get(institution, {}).values()
            if waiting.not_before <= clock and waiting.fetched_until <= clock
        ]
        if self.weather.reorder:
            self.chance.shuffle(due)
        given = []
        for waiting in due[:limit]:
            given.append(waiting.delivery)
            waiting.fetched_until = clock + REDELIVER_SECONDS
            waiting.delivery = waiting.delivery.model_copy(update={"repeated": True})
        return given

    def acknowledge(self, speaker: str, receiver: str, id_: str, clock: float) -> None:
        """A delivery is committed at its receiver; now and then it comes again all the same."""
        queue = self._queues.get(receiver, {})
        if not self.register.speaks_for(speaker, receiver) or id_ not in queue:
            return
        if self.chance.random() < self.weather.repeat:
            queue[id_].not_before = clock + self._delay()
            queue[id_].fetched_until = 0.0
            self.counts["repetitions"] = self.counts.get("repetitions", 0) + 1
            return
        del queue[id_]

    def waiting(self) -> int:
        """Deliveries that are not acknowledged yet."""
        return sum(map(len, self._queues.values()))

    def _pass_on(self, message: Message, instant: datetime, *, again: bool) -> str:
        match message.kind:
            case "code-registration":
                number = str(message.content["acquisition_number"])
                self.register.register(number, message.sender, str(message.content["code"]))
                self._issue(number, instant)
            case "inquiry":
                self._inquiry(message, instant, again=again)
            case kind if kind in PASSED_ON:
                self._deliver(PASSED_ON[kind], message, message.content, instant, again=again)
            case _:
                return "kind-unknown"
        return ""

    def _inquiry(self, message: Message, instant: datetime, *, again: bool) -> None:
        content = dict(message.content)
        asked = Asked(message.sender, content["affair"], content["procedure"], message.receiver, content["fact_kind"])
        lawful = self.tables.lookup(day_in_japan(instant), asked)
        code = self.register.translated(str(content.pop("code")), message.sender, message.receiver)
        if isinstance(lawful, Outside) and not self.register.in_disaster(message.sender, content["fact_kind"]):
            self._refuse(message, lawful.code, instant)
        elif code is None:
            self._refuse(message, "code-not-acquired", instant)
        else:
            content = {**content, "code": code}
            self._deliver(ProvisionRequestNotice, message, content, instant, again=again)

    def _refuse(self, message: Message, code: str, instant: datetime) -> None:
        back = message.model_copy(update={"sender": message.receiver, "receiver": message.sender})
        content = {"request_number": message.content["request_number"], "reason": code}
        self._deliver(NetworkRefusalNotice, back, content, instant, again=False)

    def _issue(self, acquisition_number: str, instant: datetime) -> None:
        institution = self.register.issued_to(acquisition_number)
        if institution is None:
            return
        message = Message(
            id=f"issued/{acquisition_number}",
            kind="code-registration",
            sender=institution,
            receiver=institution,
            sent_at=timestamp(instant),
            expires_at="9999-12-31T00:00:00.000000Z",
            content={},
        )
        self._deliver(CodeIssuedNotice, message, {"acquisition_number": acquisition_number}, instant, again=False)

    def _deliver(
        self, kind: type[NetworkNotice], message: Message, content: Mapping[str, Any], instant: datetime, *, again: bool
    ) -> None:
        envelope = {
            "sender": message.sender,
            "receiver": message.receiver,
            "sent_at": message.sent_at,
            "accepted_at": timestamp(instant),
            "expires_at": message.expires_at,
            "proof": "0" * 128,
        }
        unsigned = kind.model_validate_json(canonical_json({**content, **envelope}))
        notice = unsigned.model_copy(update={"proof": self.key.sign(unsigned.proven()).hex()})
        id_ = f"{message.sender}/{message.id}"
        queue = self._queues.setdefault(message.receiver, {})
        if again and id_ in queue:
            return
        known = self._bodies.setdefault((message.receiver, id_), notice.body().decode())
        delivery = Delivery(id=id_, receiver=message.receiver, type=kind.type, body=known, repeated=again)
        queue[id_] = _Waiting(delivery, instant.timestamp() + self._delay())

    def _delay(self) -> float:
        return self.chance.random() * self.weather.delay_seconds

    def _counted(self, status: str, code: str, *, lost: bool = False) -> tuple[str, str]:
        name = "lost" if lost else status
        self.counts[name] = self.counts.get(name, 0) + 1
        return status, code
