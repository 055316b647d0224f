"""The simulated network: it refuses by the table and by who speaks, joins codes, repeats, loses, delays, reorders."""

import json
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_common.clock import now, timestamp
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.exchange_notices import (
    CodeIssuedNotice,
    NetworkRefusalNotice,
    ProvisionRequestNotice,
)
from kumiai_contracts.registry import NOTICES
from kumiai_national_id_linkage.network.http_network import signed_bytes
from kumiai_national_id_linkage.network.messages import Delivery, Message
from kumiai_national_id_linkage.network_simulator import people
from kumiai_national_id_linkage.network_simulator.core import REDELIVER_SECONDS, Core, Weather
from kumiai_national_id_linkage.network_simulator.register import Register
from kumiai_national_id_linkage.network_simulator.server import application
from kumiai_national_id_linkage.proof import NetworkProof

NOW = datetime(2026, 6, 15, 1, 12, 9, tzinfo=UTC)
CLOCK = NOW.timestamp() + 1000


@pytest.fixture
def core(cases: Any) -> Core:
    """A network on which one service speaks for every local government, and which knows one person in two of them."""
    made = Core(Ed25519PrivateKey.generate(), cases.table, Register({"service": None}))
    for institution, number, code in ((cases.here, "aa", "11" * 16), (cases.there, "bb", "22" * 16)):
        made.take("service", registration(cases, institution, number, code), NOW)
        made.settle_person(number * 16, "somebody", NOW)
    for institution in (cases.here, cases.there):
        for each in made.fetch("service", [institution], 10, CLOCK):
            made.acknowledge("service", institution, each.id, CLOCK)
    return made


def registration(cases: Any, institution: str, number: str, code: str) -> Message:
    return message(cases, f"code/{number}", "code-registration", institution, institution,
                   {"acquisition_number": number * 16, "code": code})  # fmt: skip


def message(cases: Any, id_: str, kind: Any, sender: str, receiver: str, content: dict[str, Any]) -> Message:
    return Message(id=id_, kind=kind, sender=sender, receiver=receiver, sent_at=cases.time(),
                   expires_at=cases.time(days=1), content=content)  # fmt: skip


def inquiry(cases: Any, id_: str = "inquiry/r-1", **changed: Any) -> Message:
    content = {
        "request_number": "r-1",
        "affair": "JM00000000000001",
        "procedure": "JT00000000000001",
        "fact_kind": "TM00000000000002",
        "scope": "2026",
        "items": ["total-income"],
        "code": "22" * 16,
    }
    return message(cases, id_, "inquiry", cases.there, cases.here, content | changed)


def delivered(core: Core, institution: str, clock: float = CLOCK) -> list[Any]:
    return [read(each) for each in core.fetch("service", [institution], 10, clock)]


def read(delivery: Delivery) -> Any:
    return NOTICES[delivery.type].model_validate_json(delivery.body)


def test_an_inquiry_reaches_the_provider_under_the_providers_own_code_and_with_the_networks_proof(
    cases: Any, core: Core
) -> None:
    assert core.take("service", inquiry(cases), NOW) == ("accepted", "")
    (notice,) = delivered(core, cases.here)
    assert isinstance(notice, ProvisionRequestNotice)
    assert (notice.code, notice.sender, notice.items) == ("11" * 16, cases.there, ("total-income",))
    assert NetworkProof(core.key.public_key()).refusal(notice) is None
    forged = notice.model_copy(update={"sender": cases.here})
    assert NetworkProof(core.key.public_key()).refusal(forged) == "proof-invalid"
    assert NetworkProof(None).refusal(notice) == "network-not-connected"


def test_nobody_speaks_in_anothers_name(cases: Any, core: Core) -> None:
    assert core.take("stranger", inquiry(cases), NOW) == ("refused", "sender-not-yours")
    core.register.join("other", frozenset((cases.there,)))
    assert core.take("service", inquiry(cases), NOW) == ("refused", "sender-not-yours")
    assert core.take("other", inquiry(cases), NOW) == ("accepted", "")
    assert core.fetch("other", [cases.here], 10, CLOCK) == [], "nor does anybody read another's deliveries"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"procedure": "JT00000000000077"}, "procedure-not-in-table"), ({"code": "33" * 16}, "code-not-acquired")],
)
def test_what_the_table_or_the_codes_do_not_allow_never_reaches_the_provider(
    cases: Any, core: Core, changed: dict[str, Any], reason: str
) -> None:
    core.take("service", inquiry(cases, **changed), NOW)
    assert delivered(core, cases.here) == []
    (refusal,) = delivered(core, cases.there)
    assert isinstance(refusal, NetworkRefusalNotice) and refusal.reason == reason


def test_a_code_is_issued_once_both_sides_of_its_acquisition_number_are_known(cases: Any, core: Core) -> None:
    core.settle_person("cc" * 16, "another", NOW)
    assert delivered(core, cases.here) == []
    core.take("service", registration(cases, cases.here, "cc", "44" * 16), NOW)
    (issued,) = delivered(core, cases.here)
    assert isinstance(issued, CodeIssuedNotice) and issued.acquisition_number == "cc" * 16


def test_a_delivery_comes_again_until_it_is_acknowledged_always_with_the_same_bytes(cases: Any, core: Core) -> None:
    core.take("service", inquiry(cases), NOW)
    (first,) = core.fetch("service", [cases.here], 10, CLOCK)
    assert core.fetch("service", [cases.here], 10, CLOCK + 1) == []
    (second,) = core.fetch("service", [cases.here], 10, CLOCK + REDELIVER_SECONDS + 1)
    assert (first.id, first.body, second.repeated) == (second.id, second.body, True)
    core.acknowledge("service", cases.here, first.id, CLOCK)
    assert core.waiting() == 0
    assert core.take("service", inquiry(cases), NOW) == ("repeated", "")
    (third,) = core.fetch("service", [cases.here], 10, CLOCK)
    assert third.body == first.body, "asked again, the same is delivered again"


def test_bad_weather_loses_delays_repeats_and_reorders_and_every_choice_follows_from_the_seed(
    cases: Any, core: Core
) -> None:
    core.weather = Weather(lose=1.0)
    assert core.take("service", inquiry(cases), NOW) == ("accepted", "")
    assert (delivered(core, cases.here), core.counts["lost"]) == ([], 1)
    core.weather = Weather(delay_seconds=60.0)
    core.take("service", inquiry(cases), NOW)
    assert delivered(core, cases.here, NOW.timestamp()) == []
    (late,) = core.fetch("service", [cases.here], 10, NOW.timestamp() + 60)
    core.weather = Weather(repeat=1.0)
    core.acknowledge("service", cases.here, late.id, CLOCK)
    assert len(delivered(core, cases.here)) == 1
    core.weather = Weather(reorder=True)
    for n in range(8):
        core.take("service", inquiry(cases, f"inquiry/n-{n}", request_number=f"n-{n}"), NOW)
    found = [each.request_number for each in delivered(core, cases.here)]
    assert sorted(found) != found and len(found) == 8


def test_what_no_notice_can_hold_is_refused_by_itself(cases: Any, core: Core) -> None:
    assert core.take("service", inquiry(cases, items=[]), NOW) == ("refused", "content-invalid")
    assert core.take("service", message(cases, "x", "recall", cases.there, cases.here, {}), NOW)[0] == "refused"


@pytest.mark.parametrize(("minutes", "status", "code"), ((0, 200, None), (-5, 401, "clock-off"), (5, 401, "clock-off")))
async def test_a_speaker_whose_clock_is_five_minutes_off_is_not_heard(
    cases: Any, minutes: int, status: int, code: str | None
) -> None:
    key = Ed25519PrivateKey.generate()
    name = public_key_text(key.public_key())
    app = application(Core(Ed25519PrivateKey.generate(), cases.table, Register({name: None})))
    body, time = b'{"messages": []}', timestamp(now() + timedelta(minutes=minutes))
    signature = key.sign(signed_bytes("/messages", time, body)).hex()
    headers = {"kumiai-key": name, "kumiai-time": time, "kumiai-signature": signature}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://network") as client:
        answer = await client.post("/messages", content=body, headers=headers)
        other = await client.post("/messages", content=b'{"messages": [{}]}', headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert other.json()["code"] == "signature-invalid", "a signature vouches for one content"


def test_a_network_that_was_killed_knows_the_same_afterwards(tmp_path: Path, cases: Any) -> None:
    file = tmp_path / "register.jsonl"
    before = Register({"service": None}, file)
    before.join("other", frozenset((cases.there,)))
    before.declare(cases.there, "TM00000000000001", disaster=True)
    for institution, number, code in ((cases.here, "aa", "11"), (cases.there, "bb", "22")):
        before.register(number, institution, code)
        before.settle(number, "somebody")
        before.register(number, institution, code)
    assert len(file.read_text().splitlines()) == 6, "what it knows already is not written again"
    file.write_text(file.read_text() + '["code", "cc", "half a li')
    for after in (Register({"service": None}, file), Register({"service": None}, file)):
        assert after.translated("22", cases.there, cases.here) == "11"
        assert after.speaks_for("other", cases.there) and not after.speaks_for("service", cases.there)
        assert after.in_disaster(cases.there, "TM00000000000001")
        assert after.issued_to("cc") is None
    after.declare(cases.there, "TM00000000000001", disaster=False)
    assert not Register({"service": None}, file).in_disaster(cases.there, "TM00000000000001")
    file.write_text('["weather", "bad"]\n')
    with pytest.raises(ValueError, match="unknown kind: weather"):
        Register({"service": None}, file)


def test_whoever_runs_the_simulator_tells_who_is_who_by_a_file(
    cases: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key, told = Ed25519PrivateKey.generate(), []
    file = tmp_path / "network.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def post(url: str, content: bytes, headers: dict[str, str], timeout: float) -> httpx.Response:
        key.public_key().verify(
            bytes.fromhex(headers["kumiai-signature"]), signed_bytes(people.PATH, headers["kumiai-time"], content)
        )
        told.append((url, json.loads(content)))
        return httpx.Response(200, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", post)
    monkeypatch.setattr(sys, "argv", ["people", str(file), "http://network"])
    monkeypatch.setattr(sys, "stdin", StringIO("aa,somebody\n\nbb,somebody\n"))
    people.main()
    assert told == [("http://network/operator/people", {"people": [["aa", "somebody"], ["bb", "somebody"]]})]
    assert capsys.readouterr().out == "2 people told\n"
    for wrong in ("aa\n", "aa,\n", "aa,b,c\n"):
        monkeypatch.setattr(sys, "stdin", StringIO(wrong))
        with pytest.raises(SystemExit, match="line 1 is no"):
            people.main()
