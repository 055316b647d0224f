"""Tokens: what is accepted, and that everything else is not."""

import base64
import json

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from kumiai_common.http.token_client import TokenClient, TokenRefused
from kumiai_common.http.tokens import (
    ACCESS_SECONDS,
    AUDIENCE,
    GRANT_TYPE,
    SKEW_SECONDS,
    AccessToken,
    TokenError,
    claimed_purposes,
    claimed_subject,
    make_assertion,
    public_key_of_text,
    public_key_text,
    sign_access,
    verify_access,
    verify_assertion,
)
from kumiai_contracts.membership import Purpose, Role

NOW = 1_790_000_000
KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
SUBJECT = "131016/system"
TOKEN = AccessToken(
    "131016",
    "system",
    "system",
    public_key_text(OTHER.public_key()),
    frozenset((Role.SYSTEM,)),
    frozenset((Purpose.TAXATION,)),
    NOW,
    NOW + ACCESS_SECONDS,
    "id-of-token",
)


def signed(claims: dict[str, object], key: Ed25519PrivateKey = KEY, algorithm: str = "Ed25519", **header: str) -> str:
    return jwt.encode({"alg": algorithm, **header}, claims, OKPKey.import_key(key), [algorithm])


def assertion_claims(**changes: object) -> dict[str, object]:
    claims: dict[str, object] = {
        "iss": SUBJECT,
        "sub": SUBJECT,
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "once-only-1",
    }
    return {**claims, **changes}


def why(text: str, now: float = NOW) -> str:
    with pytest.raises(TokenError) as refused:
        verify_assertion(text, SUBJECT, KEY.public_key(), now)
    return refused.value.why


def test_an_access_token_says_after_its_journey_what_membership_said() -> None:
    assert verify_access(sign_access(TOKEN, KEY), KEY.public_key(), NOW + 1) == TOKEN


def test_an_access_token_is_refused_once_it_has_expired_and_no_clock_can_be_that_late() -> None:
    text = sign_access(TOKEN, KEY)
    assert verify_access(text, KEY.public_key(), TOKEN.expires_at + SKEW_SECONDS - 1)
    with pytest.raises(TokenError, match="expired"):
        verify_access(text, KEY.public_key(), TOKEN.expires_at + SKEW_SECONDS)


def test_an_access_token_of_another_key_is_refused() -> None:
    with pytest.raises(TokenError, match="signature"):
        verify_access(sign_access(TOKEN, OTHER), KEY.public_key(), NOW)


def test_a_token_without_a_signature_is_refused() -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    assert why(f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(assertion_claims())}.") == "signature"


def test_the_public_key_is_no_shared_secret() -> None:
    secret = OctKey.import_key(public_key_text(KEY.public_key()))
    text = jwt.encode({"alg": "HS256"}, assertion_claims(), secret, ["HS256"])
    assert why(text) == "signature"


def test_a_changed_token_is_refused() -> None:
    header, payload, signature = sign_access(TOKEN, KEY).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["roles"] = ["operator"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenError, match="signature"):
        verify_access(f"{header}.{forged}.{signature}", KEY.public_key(), NOW)


def test_an_assertion_is_no_access_token_even_if_membership_signed_it() -> None:
    with pytest.raises(TokenError, match="type"):
        verify_access(make_assertion("service/membership", KEY, NOW), KEY.public_key(), NOW)


def test_an_access_token_is_no_assertion() -> None:
    with pytest.raises(TokenError, match="type"):
        verify_assertion(sign_access(TOKEN, KEY), SUBJECT, KEY.public_key(), NOW)


def test_an_assertion_of_the_party_is_accepted() -> None:
    text = make_assertion(SUBJECT, KEY, NOW)
    assert claimed_subject(text) == SUBJECT
    found = verify_assertion(text, SUBJECT, KEY.public_key(), NOW)
    assert found.remembered_until == NOW + 60 + SKEW_SECONDS


def test_whoever_carries_a_token_can_see_what_it_is_good_for() -> None:
    assert claimed_purposes(sign_access(TOKEN, KEY)) == TOKEN.purposes
    for broken in ("", "a.b.c", make_assertion(SUBJECT, KEY, NOW)):
        with pytest.raises(TokenError):
            claimed_purposes(broken)


def test_each_assertion_has_an_id_of_its_own() -> None:
    ids = {verify_assertion(make_assertion(SUBJECT, KEY, NOW), SUBJECT, KEY.public_key(), NOW).id for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_the_algorithm_is_accepted_from_senders() -> None:
    assert verify_assertion(signed(assertion_claims(), algorithm="EdDSA"), SUBJECT, KEY.public_key(), NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "another-service"}, "audience"),
        ({"aud": None}, "audience"),
        ({"sub": "131016/other"}, "subject"),
        ({"iss": "131016/other"}, "subject"),
        ({"exp": NOW + 61}, "lives too long"),
        ({"exp": NOW - SKEW_SECONDS, "iat": NOW - SKEW_SECONDS - 60}, "expired"),
        ({"iat": NOW + SKEW_SECONDS + 1, "exp": NOW + SKEW_SECONDS + 2}, "not yet valid"),
        ({"exp": None}, "times"),
        ({"exp": True}, "times"),
        ({"exp": float(NOW + 10)}, "times"),
        ({"jti": None}, "jti"),
        ({"jti": "short"}, "jti"),
        ({"jti": "with\x00nul-in-it"}, "jti"),
    ],
)
def test_an_assertion_that_says_anything_else_is_refused(changes: dict[str, object], reason: str) -> None:
    assert why(signed(assertion_claims(**changes))) == reason


@pytest.mark.parametrize("skew", [-SKEW_SECONDS, SKEW_SECONDS + 59])
def test_a_clock_that_is_a_minute_off_does_not_lock_a_party_out(skew: int) -> None:
    assert verify_assertion(signed(assertion_claims()), SUBJECT, KEY.public_key(), NOW + skew)


def test_an_assertion_of_another_key_is_refused() -> None:
    assert why(signed(assertion_claims(), OTHER)) == "signature"


@pytest.mark.parametrize("text", ["", ".", "a.b", "a.b.c", "a.W10.c", "é.é.é", "x" * 100_000, "a." + "W" * 8000])
def test_what_is_no_token_at_all_is_refused_like_any_other(text: str) -> None:
    with pytest.raises(TokenError):
        claimed_subject(text)
    assert why(text) in ("signature", "too long")


def test_a_public_key_comes_back_from_its_text() -> None:
    assert public_key_of_text(public_key_text(KEY.public_key())) == KEY.public_key()
    with pytest.raises(ValueError, match="32 bytes"):
        public_key_of_text("AAAA")


class Membership:
    """Answers token requests, and counts them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        assert form["grant_type"] == GRANT_TYPE
        self.asked.append(form["assertion"])
        body = {"access_token": f"token-{len(self.asked)}", "token_type": "Bearer", "expires_in": 300}
        return httpx.Response(self.status, json=body if self.status == 200 else {"code": "assertion-invalid"})


class Clock:
    """A clock that stands still until it is set."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


def client(membership: Membership, clock: Clock) -> TokenClient:
    transport = httpx.MockTransport(membership)
    return TokenClient(
        "http://membership", SUBJECT, KEY, clock=clock, attempts=1, transport=transport, sync_transport=transport
    )


async def test_a_token_is_renewed_at_half_its_life_and_not_before() -> None:
    membership, clock = Membership(), Clock()
    tokens = client(membership, clock)
    assert [await tokens.token(), await tokens.token()] == ["token-1", "token-1"]
    clock.now += 149
    assert await tokens.token() == "token-1"
    clock.now += 1
    assert await tokens.token() == "token-2"


async def test_while_membership_is_away_the_old_token_is_used_for_as_long_as_it_lasts() -> None:
    membership, clock = Membership(), Clock()
    tokens = client(membership, clock)
    await tokens.token()
    membership.status = 503
    clock.now += 200
    assert await tokens.token() == "token-1"
    clock.now += 96
    with pytest.raises(httpx.HTTPStatusError):
        await tokens.token()


async def test_a_refused_party_is_told_at_once() -> None:
    membership, clock = Membership(), Clock()
    membership.status = 401
    with pytest.raises(TokenRefused, match="assertion-invalid"):
        await client(membership, clock).token()
    assert len(membership.asked) == 1


def test_after_a_401_a_request_is_made_once_more_with_a_new_token() -> None:
    membership, clock = Membership(), Clock()
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(401 if len(seen) == 1 else 200)

    with httpx.Client(transport=httpx.MockTransport(service), auth=client(membership, clock)) as calls:
        assert calls.get("http://service/").status_code == 200
    assert seen == ["Bearer token-1", "Bearer token-2"]
