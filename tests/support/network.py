"""Whoever runs the simulated national network, and another body on it: everything over HTTP, with keys of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.tokens import load_private_key, public_key_text
from kumiai_contracts.chain import length_prefixed
from kumiai_local.layout import Layout


def at(**shift: float) -> str:
    """An instant from now, as messages carry it."""
    return (datetime.now(UTC) + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(slots=True)
class Speaker:
    """Somebody with a key, at the network's address."""

    url: str
    key: Ed25519PrivateKey

    async def post(self, path: str, content: Any) -> Any:
        """A signed request. Raises httpx.HTTPStatusError."""
        body, time = orjson.dumps(content), at()
        headers = {
            "kumiai-key": public_key_text(self.key.public_key()),
            "kumiai-time": time,
            "kumiai-signature": self.key.sign(length_prefixed(path.encode(), time.encode(), body)).hex(),
        }
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as client:
            answer = await client.post(path, content=body, headers=headers)
        answer.raise_for_status()
        return answer.json()


@dataclass(slots=True)
class NetworkOperator:
    """Says for 住基ネット who is who, lets bodies join, and makes the weather."""

    speaker: Speaker

    @classmethod
    def of(cls, url: str, layout: Layout) -> "NetworkOperator":
        return cls(Speaker(url, load_private_key(layout.keys / "network.pem")))

    async def people(self, people: Mapping[str, str]) -> None:
        """Whose each 取得番号 is."""
        await self.speaker.post("/operator/people", {"people": list(people.items())})

    async def weather(self, **changed: Any) -> dict[str, Any]:
        """Change the weather; how it is, with counts."""
        found: dict[str, Any] = await self.speaker.post("/operator/weather", changed)
        return found

    async def body(self, institution: str) -> "Body":
        """Another body with a key of its own joins."""
        key = Ed25519PrivateKey.generate()
        joining = {"public_key": public_key_text(key.public_key()), "institutions": [institution]}
        await self.speaker.post("/operator/speakers", joining)
        return Body(institution, Speaker(self.speaker.url, key), self)


@dataclass(slots=True)
class Body:
    """Another body: it asks, and reads what comes back."""

    institution: str
    speaker: Speaker
    operator: NetworkOperator
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What came, by request number."""
    deliveries: list[dict[str, Any]] = field(default_factory=list)

    async def knows(self, person: str, code: str) -> None:
        """It has a code of its own for a person."""
        number = length_prefixed(self.institution.encode(), person.encode()).hex().ljust(32, "0")[-32:]
        content = {"acquisition_number": number, "code": code}
        await self.send(f"code/{number}", "code-registration", self.institution, content)
        await self.operator.people({number: person})

    async def send(self, id_: str, kind: str, receiver: str, content: Any, **changed: Any) -> dict[str, Any]:
        """One message; what the network says to it."""
        message = {
            "id": id_,
            "kind": kind,
            "sender": self.institution,
            "receiver": receiver,
            "sent_at": at(),
            "expires_at": at(days=1),
            "content": content,
        }
        answer = await self.speaker.post("/messages", {"messages": [message | changed]})
        found: dict[str, Any] = answer["results"][0]
        return found

    async def ask(self, number: str, receiver: str, code: str, *items: str, **changed: Any) -> dict[str, Any]:
        """Ask for 地方税関係情報 of fiscal year 2026 in the procedure for 児童手当."""
        envelope = {name: changed.pop(name) for name in ("id", "sent_at", "expires_at") if name in changed}
        content = {
            "request_number": number,
            "affair": "JM00000000000001",
            "procedure": "JT00000000000001",
            "fact_kind": "TM00000000000002",
            "scope": "2026",
            "items": items or ["total-income"],
            "code": code,
        }
        id_ = envelope.pop("id", f"inquiry/{number}")
        return await self.send(id_, "inquiry", receiver, content | changed, **envelope)

    async def answer_to(self, number: str, within_s: float = 15.0) -> dict[str, Any]:
        """The answer to a request, once it is there. Raises AssertionError."""
        until = datetime.now(UTC) + timedelta(seconds=within_s)
        while number not in self.answers:
            assert datetime.now(UTC) < until, f"no answer to {number}"
            await self.fetch(1.0)
        return self.answers[number]

    async def fetch(self, wait_seconds: float = 0.0) -> None:
        """Take what is there."""
        wanted = {"institutions": [self.institution], "limit": 1000, "wait_seconds": wait_seconds}
        found = (await self.speaker.post("/deliveries", wanted))["deliveries"]
        for delivery in found:
            body = orjson.loads(delivery["body"])
            self.deliveries.append({**body, "type": delivery["type"], "id": delivery["id"]})
            if "request_number" in body:
                self.answers[body["request_number"]] = body
        acknowledged = [[delivery["receiver"], delivery["id"]] for delivery in found]
        await self.speaker.post("/acknowledgements", {"deliveries": acknowledged})
