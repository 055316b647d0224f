"""A clerk (職員) with purposes of the test's choice, at one service."""

import asyncio

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import public_key_text

from tests.support.operator import Operator


async def clerk(operator: Operator, code: str, party: str, *purposes: str, service: str) -> httpx.AsyncClient:
    """Registers a clerk; a client below `/v1/{code}/`, once the service has heard of the clerk."""
    key = Ed25519PrivateKey.generate()
    body = {"kind": "person", "public_key": public_key_text(key.public_key()), "roles": ["clerk"], "purposes": purposes}
    await operator.ask("POST", "membership", f"/v1/members/{code}/parties/{party}", json=body)
    client = httpx.AsyncClient(
        auth=TokenClient(operator.peers["membership"], f"{code}/{party}", key),
        base_url=f"{operator.peers[service]}/v1/{code}/",
        timeout=20,
    )
    for _ in range(100):
        if (await client.get("kept-notices")).is_success:
            return client
        await asyncio.sleep(0.1)
    raise AssertionError(f"{service} never heard of the clerk")
