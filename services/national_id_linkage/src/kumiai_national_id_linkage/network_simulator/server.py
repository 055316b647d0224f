"""The simulator's server: signed requests of the services, and of whoever runs the network."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_common.clock import now
from kumiai_common.http.tokens import public_key_of_text, public_key_text
from kumiai_contracts.model import Frozen
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kumiai_national_id_linkage.network.http_network import signed_bytes
from kumiai_national_id_linkage.network.messages import Message
from kumiai_national_id_linkage.network_simulator.core import Core

CLOCK_SECONDS = 120.0
"""How far a speaker's clock may be off."""
LOOK_SECONDS = 0.1
"""How often a waiting request looks by itself: for deliveries that were held back until now."""
LONGEST_WAIT_SECONDS = 20.0


class _Refused(Exception):
    """A request that is not answered, with its status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Speaker(Frozen):
    """Who may speak for which institutions."""

    public_key: str
    institutions: tuple[str, ...]


Handler = Callable[[str, Any], Awaitable[Any]]


def application(core: Core) -> Starlette:
    """The routes. What is below `/operator` needs the network's own key."""
    server = _Server(core)
    found: dict[str, Handler] = {
        "/messages": server.messages,
        "/deliveries": server.deliveries,
        "/acknowledgements": server.acknowledgements,
        "/operator/people": server.people,
        "/operator/speakers": server.speakers,
        "/operator/exceptions": server.exceptions,
        "/operator/weather": server.weather,
    }
    routes = [Route(path, server.guarded(handler), methods=["POST"]) for path, handler in found.items()]
    return Starlette(routes=[*routes, Route("/health/ready", _healthy)])


async def _healthy(_: Request) -> Response:
    return Response("ok")


class _Server:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._operator = public_key_text(core.key.public_key())
        self._arrived = asyncio.Event()

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Check who speaks and when, and whether the network is there at all."""

        async def handle(request: Request) -> Response:
            body = await request.body()
            try:
                speaker = _speaker(request, body)
                if request.url.path.startswith("/operator"):
                    if speaker != self._operator:
                        raise _Refused(403, "operator-only")
                elif not self._core.register.knows(speaker):
                    raise _Refused(403, "speaker-unknown")
                elif self._core.weather.away:
                    raise _Refused(503, "away")
                return self._signed(request, orjson.dumps(await handler(speaker, orjson.loads(body))))
            except _Refused as refusal:
                return JSONResponse({"code": refusal.code}, refusal.status)
            except (ValidationError, ValueError, KeyError, TypeError):
                return JSONResponse({"code": "request-invalid"}, 400)

        return handle

    def _signed(self, request: Request, body: bytes) -> Response:
        """An answer with the network's signature over it and the moment of the request."""
        content = signed_bytes(request.url.path, request.headers["kumiai-time"], body)
        headers = {"kumiai-signature": self._core.key.sign(content).hex()}
        return Response(body, headers=headers, media_type="application/json")

    async def messages(self, speaker: str, content: Any) -> Any:
        """Take messages, each by itself."""
        results = []
        for given in content["messages"]:
            try:
                message = Message.model_validate(given)
            except ValidationError:
                results.append({"id": str(given.get("id", ""))[:120], "status": "refused", "code": "message-invalid"})
                continue
            status, code = self._core.take(speaker, message, now())
            results.append({"id": message.id, "status": status, "code": code})
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
        return {"results": results}

    async def deliveries(self, speaker: str, content: Any) -> Any:
        """What is due, or, if nothing is, what comes within the time that the caller waits."""
        until = time.monotonic() + min(float(content["wait_seconds"]), LONGEST_WAIT_SECONDS)
        while True:
            found = self._core.fetch(speaker, content["institutions"], int(content["limit"]), time.time())
            if found or time.monotonic() >= until:
                return {"deliveries": [delivery.__dict__ for delivery in found]}
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), LOOK_SECONDS)

    async def acknowledgements(self, speaker: str, content: Any) -> Any:
        """Deliveries that need not come again."""
        for receiver, id_ in content["deliveries"]:
            self._core.acknowledge(speaker, receiver, id_, time.time())
        return {}

    async def people(self, _: str, content: Any) -> Any:
        """What 住基ネット says: whose each 取得番号 is, by a name that only the network knows."""
        for acquisition_number, person in content["people"]:
            self._core.settle_person(str(acquisition_number), str(person), now())
        return {}

    async def speakers(self, _: str, content: Any) -> Any:
        """Another body joins the network, with its key."""
        speaker = Speaker.model_validate_json(orjson.dumps(content))
        self._core.register.join(speaker.public_key, frozenset(speaker.institutions))
        return {}

    async def exceptions(self, _: str, content: Any) -> Any:
        """A disaster: the table is not asked for this inquirer and kind of fact, or is again."""
        inquirer, fact_kind = str(content["inquirer"]), str(content["fact_kind"])
        self._core.register.declare(inquirer, fact_kind, disaster=bool(content["open"]))
        return {}

    async def weather(self, _: str, content: Any) -> Any:
        """Change how the network behaves, and see how it does."""
        known = asdict(self._core.weather)
        if not set(content) <= set(known):
            raise ValueError("no such weather")
        self._core.weather = replace(self._core.weather, **content) if content else self._core.weather
        return {**asdict(self._core.weather), "counts": self._core.counts, "waiting": self._core.waiting()}


def _speaker(request: Request, body: bytes) -> str:
    name, time_ = request.headers.get("kumiai-key", ""), request.headers.get("kumiai-time", "")
    try:
        late = abs((now() - datetime.fromisoformat(time_)).total_seconds())
        key: Ed25519PublicKey = public_key_of_text(name)
        signature = bytes.fromhex(request.headers.get("kumiai-signature", ""))
        key.verify(signature, signed_bytes(request.url.path, time_, body))
    except (ValueError, InvalidSignature, TypeError):
        raise _Refused(401, "signature-invalid") from None
    if late > CLOCK_SECONDS:
        raise _Refused(401, "clock-off")
    return name
