"""What is remembered of a token spares the signature's check, and nothing else."""

from dataclasses import replace
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kumiai_common.database import Database
from kumiai_common.http import access, problems
from kumiai_common.http.access import Access
from kumiai_common.http.problems import Problem
from kumiai_common.http.tokens import ACCESS_SECONDS, SKEW_SECONDS, AccessToken, sign_access
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.topics import FEDERATION
from starlette.requests import Request

NOW = 1_790_000_000
KEY = Ed25519PrivateKey.generate()
TOKEN = AccessToken(
    FEDERATION,
    "svc-taxation",
    "service",
    "key",
    frozenset((Role.SERVICE,)),
    frozenset((Purpose.REPLICATION,)),
    NOW,
    NOW + ACCESS_SECONDS,
    "first",
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Access:
    """A service's token needs no look into the database: services are no parties."""
    return Access(KEY.public_key(), cast(Database, None), "taxation", clock)


def request(token: str) -> Request:
    return Request({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})


async def refused(door: Access, token: str) -> bool:
    try:
        await door.check(request(token), None, Purpose.REPLICATION, (Role.SERVICE,))
    except Problem as problem:
        assert problem.kind is problems.TOKEN_INVALID
        return True
    return False


async def test_a_remembered_token_is_refused_once_it_has_expired(door: Access, clock: Clock) -> None:
    text = sign_access(TOKEN, KEY)
    assert not await refused(door, text)
    clock.now = TOKEN.expires_at + SKEW_SECONDS - 1
    assert not await refused(door, text)
    clock.now += 1
    assert await refused(door, text)


async def test_a_remembered_token_vouches_for_no_other_text(door: Access) -> None:
    text = sign_access(TOKEN, KEY)
    header, _, signature = text.split(".")
    _, claims, _ = sign_access(replace(TOKEN, party="svc-membership"), KEY).split(".")
    assert not await refused(door, text)
    assert await refused(door, f"{header}.{claims}.{signature}")
    assert await refused(door, sign_access(TOKEN, Ed25519PrivateKey.generate()))
    assert not await refused(door, text)


async def test_more_tokens_than_are_remembered_are_accepted(door: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "SIGNATURES_REMEMBERED", 2)
    texts = [sign_access(replace(TOKEN, id=f"id-{n}"), KEY) for n in range(4)]
    for text in texts * 2:
        assert not await refused(door, text)
