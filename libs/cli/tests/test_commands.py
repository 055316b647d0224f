"""The command line without a federation: what is asked, how it ends, and with which exit code."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_cli import entry
from kumiai_cli.federation import find_federation, read_credentials, write_credentials
from kumiai_cli.main import app
from kumiai_cli.members import parse_services
from kumiai_cli.outcome import REFUSED, UNREACHABLE, USAGE, Failure, failure_of
from kumiai_cli.status import Reading
from kumiai_local.ports import free_ports
from typer.testing import CliRunner, Result

NAMES = ("membership", "resident-registry", "taxation", "national-id-linkage")
COMMANDS = [
    "join",
    "members",
    "subscribe",
    "unsubscribe",
    "own",
    "share",
    "credentials",
    "status",
    "receipts",
    "rebuild",
    "drift",
    "merge",
    "migrate",
    "up",
    "down",
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty place without a federation."""
    for name in ("KUMIAI_PEERS", "KUMIAI_OPERATOR_KEY_FILE", "KUMIAI_DATABASE_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUMIAI_LOCAL_DIR", str(tmp_path / ".local"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def pem() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "command",
    [
        [],
        *[[name] for name in COMMANDS],
        ["party", "add"],
        *[["parameters", name] for name in ("list", "show", "set", "diff")],
        ["parked", "retry"],
        ["tax", "assess"],
        ["tax", "run"],
        *[["worklist", name] for name in ("list", "show", "take", "settle", "head")],
        *[["residents", name] for name in ("search", "at", "accesses", "show", "gaiji", "month")],
        *[["residents", name] for name in ("history", "household", "moves")],
        *[["protection", name] for name in ("list", "release")],
        *[["emergency", name] for name in ("ask", "approve", "list")],
    ],
)
def test_every_command_explains_itself_and_shows_how_it_is_used(command: list[str]) -> None:
    shown = run(*command, "--help")
    assert shown.exit_code == 0
    assert f"kumiai {' '.join(command)}".strip() in shown.output


def test_the_help_says_what_the_exit_codes_mean() -> None:
    assert "Exit codes: 0 done; 1 refused" in run("--help").output


@pytest.mark.parametrize(
    "arguments",
    [
        ["join"],
        ["nothing"],
        ["join", "13101", "--services", "taxation"],
        ["join", "１３１０１６", "--services", "taxation"],
        ["join", "131017", "--services", "taxation"],
        ["worklist", "list", "131016", "--service", "national-id-linkage"],
        ["join", "131016", "--services", "tax"],
        ["join", "131016", "--services", ","],
        ["join", "999999", "--services", "taxation"],
        ["worklist", "show", "131016", "character/old/U+E001"],
        ["protection", "release", "131016", "0000010413", "--minutes", "61", "--as", "guardian"],
        ["emergency", "ask", "131016", "地震による安否確認"],
        ["residents", "show", "131016", "123"],
        ["residents", "history", "131016", "0000000018"],
        ["residents", "household", "131016", "abc"],
        ["residents", "accesses", "131016", "--number", "abc"],
        ["residents", "month", "131016", "2026-13"],
        ["protection", "release", "131016", "0000000018", "--as", "guardian"],
        ["worklist", "list", "131016", "--state", "bogus"],
        ["emergency", "ask", "131016", "地震による安否確認", "--as", "nobody"],
        ["worklist", "head", "131016", "head/0000005207", "0000010421", "--relationship", "子"],
        ["join", "011011", "--services", "taxation"],
        ["subscribe", "131016", "membership"],
        ["receipts", "131016", "taxation", "--limit", "0"],
        ["receipts", "131016", "taxation"],
        ["party", "add", "131016", "hanako", "--role", "king"],
        ["party", "add", "131016", "hanako", "--public-key", "nowhere.pem"],
        ["rebuild", "131016", "taxation", "linkage"],
        ["rebuild", "131016", "nothing", "resident"],
        ["parked", "list", "131016", "taxation"],
        ["parked", "retry", "131016", "taxation", "taxation", "1"],
        ["parked", "skip", "131016", "taxation", "resident", "0"],
        ["tax", "run", "131016", "2026", "issue", "--as", "nobody"],
        ["drift", "--on", "tomorrow"],
        ["merge", "131016", "--from", "nowhere", "--on", "2027-04-01"],
        ["parameters", "set", "131016", "taxation", "x", "@/dev/null", "--from", "2027-04-01", "--reason", "x"],
        ["parameters", "show", "13101"],
        ["migrate", "nothing"],
        ["migrate", "taxation"],
    ],
)
def test_a_command_that_is_wrong_in_itself_ends_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == USAGE


def test_a_ward_of_a_designated_city_is_told_that_its_city_joins() -> None:
    assert "its city joins" in run("join", "011011", "--services", "taxation").output


def test_a_code_with_a_wrong_check_digit_is_told_the_right_one() -> None:
    assert (
        "131017 is not a municipality's code: its check digit should be 6"
        in run("subscribe", "131017", "taxation").output
    )


def test_without_credentials_one_is_told_what_to_run_and_where() -> None:
    said = run("receipts", "131016", "taxation").output
    assert ".local/credentials/131016.json" in said
    for command in ("kumiai join 131016", "kumiai credentials 131016"):
        assert command in said


def test_breaking_off_while_the_program_loads_ends_it_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loading:
        @property
        def app(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "kumiai_cli.main", Loading())  # type: ignore[arg-type]
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 130


@pytest.mark.parametrize("arguments", [["members"], ["status"], ["subscribe", "131016", "taxation"]])
def test_without_a_federation_a_command_ends_with_3_and_says_how_to_start_one(arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.exit_code == UNREACHABLE
    assert "kumiai up" in ended.output
    assert len(ended.output.strip().splitlines()) == 1


def test_a_federation_that_does_not_answer_is_unreachable(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kumiai_cli.federation.TokenClient", _impatient)
    (port,) = free_ports(1)
    monkeypatch.setenv("KUMIAI_PEERS", f"membership=http://127.0.0.1:{port}")
    key = place / "operator.pem"
    key.write_bytes(pem())
    monkeypatch.setenv("KUMIAI_OPERATOR_KEY_FILE", str(key))
    ended = run("members", "--json")
    assert ended.exit_code == UNREACHABLE
    assert json.loads(ended.stdout)["exit_code"] == UNREACHABLE


def _impatient(membership: str, subject: str, key: Ed25519PrivateKey) -> httpx.Auth:
    from kumiai_common.http.token_client import TokenClient

    return TokenClient(membership, subject, key, attempts=1)


def test_an_operator_without_a_key_is_told_where_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUMIAI_PEERS", "membership=http://127.0.0.1:1")
    ended = run("members")
    assert (ended.exit_code, "KUMIAI_OPERATOR_KEY_FILE" in ended.output) == (USAGE, True)


def test_errors_are_one_json_object_for_machines() -> None:
    ended = run("status", "--json")
    assert json.loads(ended.stdout)["exit_code"] == ended.exit_code == UNREACHABLE


def test_services_come_in_the_order_of_the_federation_and_once() -> None:
    assert parse_services(" taxation,resident-registry ,taxation") == ["resident-registry", "taxation"]


def test_addresses_come_from_the_environment_before_the_local_stack(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_folder = place / ".local" / "run"
    run_folder.mkdir(parents=True)
    local = {"peers": dict.fromkeys(NAMES, "http://local"), "kafka_bootstrap": "127.0.0.1:9092", "secrets": "x"}
    (run_folder / "federation.json").write_text(json.dumps(local))
    found = find_federation()
    assert found.address("taxation") == "http://local"
    assert found.kafka == {"kafka_bootstrap": "127.0.0.1:9092"}
    monkeypatch.setenv("KUMIAI_PEERS", "membership=http://elsewhere/ , taxation=http://there")
    assert find_federation().services == {"membership": "http://elsewhere", "taxation": "http://there"}
    monkeypatch.setenv("KUMIAI_PEERS", "membership")
    with pytest.raises(Failure, match="name=http"):
        find_federation()


def test_credentials_are_readable_by_their_owner_alone() -> None:
    path = write_credentials("131016", {"party": "system", "private_key": pem().decode()})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_credentials("131016").party == "system"
    assert [file.name for file in path.parent.iterdir()] == ["131016.json"]


def test_a_refusal_is_told_with_its_reasons_and_a_503_as_unreachable() -> None:
    reason = {"code": "no-service", "pointer": "/services", "ja": "…", "en": "Choose one."}
    problem = {"code": "no-service", "en": "Choose one.", "reasons": [reason]}
    request = httpx.Request("POST", "http://membership/v1/members")
    refused = failure_of(httpx.Response(422, json=problem, request=request))
    assert (str(refused), refused.exit_code) == ("Choose one. (no-service /services)", REFUSED)
    away = failure_of(httpx.Response(503, json={"code": "unavailable", "en": "Try again."}, request=request))
    assert away.exit_code == UNREACHABLE
    assert failure_of(httpx.Response(502, text="<html>", request=request)).exit_code == REFUSED


def test_complete_means_at_the_head_with_nothing_parked() -> None:
    at_head = Reading("131016", "resident", 5, "taxation", 5, 0, False)
    assert at_head.complete
    for changed in ({"position": 4}, {"parked": 1}, {"diverged": True}):
        assert not at_head._replace(**changed).complete


@pytest.mark.parametrize(
    "command", [["bundle", "verifier", "/nosuch/verify.py"], ["leaving", "key", "131016", "/nosuch/a.pem"]]
)
def test_a_place_that_is_not_there_is_one_sentence(command: list[str]) -> None:
    result = run(*command)
    assert result.exit_code == 2
    assert "/nosuch/" in result.output
    assert "Traceback" not in result.output
