"""Joining, subscribing and revoking on the real stack."""

import time
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from kumiai_common.http.token_client import TokenClient, TokenRefused
from kumiai_common.http.tokens import GRANT_TYPE, make_assertion, public_key_text
from kumiai_contracts.topics import notices_topic
from kumiai_local.stack import Stack

pytestmark = pytest.mark.stack
OTARU, HAKODATE, MURORAN, KUSHIRO = "012033", "012025", "012050", "012068"


def join(operator: httpx.Client, code: str, *services: str) -> dict[str, Any]:
    body = {"municipality": code, "name": f"試験{code}", "prefecture": "北海道", "services": services}
    response = operator.post("/v1/members", json=body)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def system_of(membership: str, joined: dict[str, Any]) -> TokenClient:
    key = load_pem_private_key(joined["private_key"].encode(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return TokenClient(membership, f"{joined['municipality']}/{joined['party']}", key)


def send(stack: Stack, joined: dict[str, Any], topic: str) -> KafkaError | None:
    """Write to a topic as the municipality's system; the broker's error, if it refused."""
    settings = stack.addresses.kafka_client_as(joined["scram_username"], joined["scram_password"])
    outcome: list[KafkaError | None] = []
    producer = Producer({**settings, "message.timeout.ms": 8000, "log_level": 0})
    producer.produce(topic, b"{}", on_delivery=lambda error, _: outcome.append(error))
    producer.flush(10)
    return outcome[0]


def refusal_of(error: KafkaError | None) -> int | None:
    return error.code() if error else None


def test_a_municipality_that_joined_writes_its_notices_within_ten_seconds(operator: httpx.Client, stack: Stack) -> None:
    begun = time.monotonic()
    joined = join(operator, OTARU, "resident-registry", "taxation")
    assert send(stack, joined, notices_topic(OTARU, "resident-registry")) is None
    assert time.monotonic() - begun < 10
    # Neither a service it did not subscribe to, nor an events topic, nor anybody else's.
    denied = KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert refusal_of(send(stack, joined, notices_topic(OTARU, "national-id-linkage"))) == denied
    assert refusal_of(send(stack, joined, f"lg.{OTARU}.resident.events")) == denied
    join(operator, HAKODATE, "taxation")
    unknown = KafkaError._UNKNOWN_TOPIC
    assert refusal_of(send(stack, joined, notices_topic(HAKODATE, "taxation"))) in (denied, unknown)


def test_leaving_a_service_takes_the_right_to_write_away_and_taking_it_up_gives_it_back(
    operator: httpx.Client, stack: Stack
) -> None:
    joined = join(operator, MURORAN, "taxation")
    topic = notices_topic(MURORAN, "taxation")
    address = f"/v1/members/{MURORAN}/subscriptions/taxation"
    assert operator.delete(address).json()["changed"] is True
    assert operator.delete(address).json()["changed"] is False
    assert refusal_of(send(stack, joined, topic)) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert operator.post(address).json()["active"] is True
    assert send(stack, joined, topic) is None


def test_a_member_is_listed_with_what_it_subscribes_to_and_joins_only_once(operator: httpx.Client) -> None:
    join(operator, KUSHIRO, "taxation")
    listed = {member["municipality"]: member for member in operator.get("/v1/members").json()["members"]}
    assert listed[KUSHIRO]["subscriptions"] == {"taxation": True}
    body = {"municipality": KUSHIRO, "name": "釧路市", "prefecture": "北海道", "services": ["taxation"]}
    again = operator.post("/v1/members", json=body)
    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert again.json()["code"] == "already-member"


def test_renewed_credentials_end_the_old_ones(operator: httpx.Client, membership: str, stack: Stack) -> None:
    code = "012076"
    joined = join(operator, code, "taxation")
    old = system_of(membership, joined)
    with httpx.Client(base_url=membership, auth=old) as client:
        assert client.get(f"/v1/{code}/heads").status_code == 200
        renewed = operator.post(f"/v1/members/{code}/credentials").json()
        # The token was issued to a key that is not the party's any more.
        client.auth = None  # type: ignore[assignment]
        refused = client.get(f"/v1/{code}/heads", headers={"authorization": f"Bearer {old.token_now()}"})
        assert refused.json()["code"] == "party-revoked"
    old.forget()
    with pytest.raises(TokenRefused):
        old.token_now()
    with httpx.Client(base_url=membership, auth=system_of(membership, renewed)) as client:
        assert client.get(f"/v1/{code}/heads").status_code == 200
    assert send(stack, renewed, notices_topic(code, "taxation")) is None


def test_a_revoked_party_is_out_at_once_whatever_its_token_says(operator: httpx.Client, membership: str) -> None:
    code = "012084"
    joined = join(operator, code, "taxation")
    tokens = system_of(membership, joined)
    bearer = {"authorization": f"Bearer {tokens.token_now()}"}
    log = f"{membership}/v1/{code}/streams/membership"
    lines = httpx.get(log, headers=bearer).text.splitlines()
    assert len(lines) == 2
    assert operator.delete(f"/v1/members/{code}/parties/system").json()["changed"] is True
    assert httpx.get(log, headers=bearer).json()["code"] == "party-revoked"


def test_nobody_sees_another_municipality_or_uses_an_operators_command(operator: httpx.Client, membership: str) -> None:
    code = "012092"
    with httpx.Client(base_url=membership, auth=system_of(membership, join(operator, code, "taxation"))) as client:
        assert client.get(f"/v1/{OTARU}/heads").json()["code"] == "municipality-mismatch"
        assert client.get("/v1/heads").json()["code"] == "municipality-mismatch"
        assert client.get("/v1/members").status_code == 403
        assert client.delete(f"/v1/members/{code}/parties/system").status_code == 403
    assert httpx.get(f"{membership}/v1/{code}/heads").status_code == 401


def test_an_operator_sees_heads_and_no_records(operator: httpx.Client) -> None:
    code = "012106"
    join(operator, code, "taxation")
    heads = operator.get("/v1/heads", params={"stream": "membership"}).json()["heads"]
    assert any(head["municipality"] == code and head["position"] == 2 for head in heads)
    assert operator.get(f"/v1/{code}/streams/membership").status_code == 403


def test_an_assertion_is_used_once(membership: str, operator_key: Ed25519PrivateKey) -> None:
    assertion = make_assertion("000001/operator", operator_key, time.time())
    form = {"grant_type": GRANT_TYPE, "assertion": assertion}
    assert httpx.post(f"{membership}/v1/token", data=form).status_code == 200
    again = httpx.post(f"{membership}/v1/token", data=form)
    assert (again.status_code, again.json()["code"]) == (401, "assertion-invalid")


@pytest.mark.parametrize(
    "subject", ["000001/nobody", "999999/system", "service/unknown", "000001/\x00", "x", "131016,000001/a", ""]
)
def test_strangers_get_no_token(membership: str, subject: str) -> None:
    assertion = make_assertion(subject, Ed25519PrivateKey.generate(), time.time())
    response = httpx.post(f"{membership}/v1/token", data={"grant_type": GRANT_TYPE, "assertion": assertion})
    assert (response.status_code, response.json()["code"]) == (401, "assertion-invalid")


@pytest.mark.parametrize("body", [b"", b"grant_type=x", b"assertion=a&assertion=b&grant_type=c", b"\xff", b"%00=%00"])
def test_a_token_request_that_is_no_form_is_refused(membership: str, body: bytes) -> None:
    assert httpx.post(f"{membership}/v1/token", content=body).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"municipality": 1}', b"\xff", b'{"extra": 1}'])
def test_an_application_that_cannot_be_read_is_refused_and_changes_nothing(operator: httpx.Client, body: bytes) -> None:
    response = operator.post("/v1/members", content=body)
    assert (response.status_code, response.json()["code"]) == (400, "body-invalid")


def test_a_party_is_registered_with_its_own_key(operator: httpx.Client, membership: str) -> None:
    code = "012114"
    join(operator, code, "taxation")
    key = Ed25519PrivateKey.generate()
    clerk = {"kind": "person", "roles": ["clerk"], "purposes": ["taxation"]}
    address = f"/v1/members/{code}/parties/hanako"
    body = {**clerk, "public_key": public_key_text(key.public_key())}
    assert operator.post(address, json=body).json()["changed"] is True
    assert operator.post(address, json=body).json()["changed"] is False
    assert operator.post(address, json={**body, "roles": ["operator"]}).status_code == 422
    assert operator.post(address, json={**body, "public_key": "AAAA"}).status_code == 400
    with httpx.Client(base_url=membership, auth=TokenClient(membership, f"{code}/hanako", key)) as client:
        assert client.get(f"/v1/{code}/heads").status_code == 200
        assert client.get(f"/v1/{code}/streams/membership").json()["code"] == "role-missing"


def test_membership_publishes_what_it_recorded(operator: httpx.Client, stack: Stack) -> None:
    code = "012122"
    joined = join(operator, code, "taxation")
    settings = stack.addresses.kafka_client_as(joined["scram_username"], joined["scram_password"])
    consumer = Consumer({**settings, "group.id": f"lg.{code}.test", "auto.offset.reset": "earliest", "log_level": 0})
    try:
        consumer.subscribe([f"lg.{code}.membership.events"])
        types: list[Any] = []
        until = time.monotonic() + 15
        while len(types) < 2 and time.monotonic() < until:
            message = consumer.poll(0.5)
            if message is not None:
                if message.error():
                    raise KafkaException(message.error())
                types.append(dict(message.headers() or [])["ce_type"])
    finally:
        consumer.close()
    assert types == [b"membership.municipality-joined.v1", b"membership.party-registered.v1"]
