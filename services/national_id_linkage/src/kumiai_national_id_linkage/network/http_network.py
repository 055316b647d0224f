"""The adapter that speaks HTTP: requests are signed with the service's key, answers with the network's."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.chain import length_prefixed

from kumiai_national_id_linkage.network.messages import Delivery, Message, NetworkAway

_LOG = structlog.get_logger()
_CODE = re.compile(r"[a-z-]{1,40}")
WAIT_SECONDS = 2.0
"""How long the network may keep a request open while there is nothing."""


def signed_bytes(path: str, time: str, body: bytes) -> bytes:
    """What a sender signs: where, when and what."""
    return length_prefixed(path.encode(), time.encode(), body)


class HttpNetwork:
    """A network at an address."""

    def __init__(
        self,
        url: str,
        key: Ed25519PrivateKey,
        network_key: Ed25519PublicKey,
        *,
        clock: Callable[[], str] = lambda: timestamp(now()),
    ) -> None:
        self._key, self._network_key, self._clock = key, network_key, clock
        self._name = public_key_text(key.public_key())
        self._client = httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(10.0, read=30.0))

    async def send(self, messages: list[Message]) -> None:
        """Hand messages over. What the network refuses for good is logged by its code: sending it again can't help."""
        answer = await self._post("/messages", {"messages": [message.model_dump() for message in messages]})
        for result in answer["results"]:
            if result["status"] == "refused":
                _LOG.error("the network refuses a message", code=result["code"], id=result["id"])

    async def fetch(self, institutions: list[str], limit: int) -> list[Delivery]:
        """What is there, oldest first as far as the network keeps an order."""
        wanted = {"institutions": institutions, "limit": limit, "wait_seconds": WAIT_SECONDS}
        answer = await self._post("/deliveries", wanted)
        return [Delivery.trusted(**found) for found in answer["deliveries"]]

    async def acknowledge(self, deliveries: list[Delivery]) -> None:
        """Tell the network what is committed here."""
        await self._post("/acknowledgements", {"deliveries": [[each.receiver, each.id] for each in deliveries]})

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, path: str, content: Any) -> Any:
        body, time = orjson.dumps(content), self._clock()
        headers = {
            "kumiai-key": self._name,
            "kumiai-time": time,
            "kumiai-signature": self._key.sign(signed_bytes(path, time, body)).hex(),
        }
        try:
            answer = await self._client.post(path, content=body, headers=headers)
            answer.raise_for_status()
            # The moment of the request stands for it: an answer to another one, or an old one, doesn't fit.
            signature = bytes.fromhex(answer.headers.get("kumiai-signature", ""))
            self._network_key.verify(signature, signed_bytes(path, time, answer.content))
            return orjson.loads(answer.content)
        except httpx.HTTPStatusError as error:
            raise NetworkAway(_refusal(error.response)) from error
        except (httpx.HTTPError, ValueError, InvalidSignature) as error:
            raise NetworkAway(type(error).__name__) from error


def _refusal(answer: httpx.Response) -> str:
    """Why the network did not take a request, such as `401 clock-off`: its code, if that can be one."""
    try:
        code = str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        code = ""
    return f"{answer.status_code} {code if _CODE.fullmatch(code) else ''}".rstrip()
