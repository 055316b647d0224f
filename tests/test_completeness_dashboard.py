"""The dashboard *Completeness* shows the faults that it is there for, read by a real Prometheus.

Every panel's query is evaluated exactly as Grafana would; a panel that this file knows nothing of is a failure.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from kumiai_common.http.token_client import TokenClient
from kumiai_common.http.tokens import load_private_key
from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.examples import valid_examples
from kumiai_contracts.model import Notice
from kumiai_contracts.resident import Address, MoveInNotice, Person, Sex
from kumiai_contracts.resident_feed import FeedEventNotice, snapshot
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout, checkout
from kumiai_local.ports import LOOPBACK, free_ports
from kumiai_local.processes import Child
from kumiai_local.service_processes import ServiceProcesses

pytestmark = pytest.mark.stack

MATSUE, HAMADA, TOTTORI = "322016", "322024", "312011"
"""No other test uses these municipalities."""
WITHIN_S = 40.0
Sample = tuple[dict[str, str], float]
DASHBOARD = checkout() / "deploy" / "grafana" / "completeness.json"
PROMETHEUS = checkout() / "deploy" / "prometheus"


class Dashboard:
    """The panels' queries, and a Prometheus that answers them."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=10)
        self.panels: dict[str, list[str]] = {}
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            name = panel["title"].rpartition(" · ")[2]
            self.panels[name] = [target["expr"] for target in panel["targets"]]

    def read(self, panel: str, municipality: str) -> list[list[Sample]]:
        """What the panel shows now for one municipality: the samples of each of its queries."""
        return [self._evaluate(query, municipality) for query in self.panels[panel]]

    def wait(self, panel: str, municipality: str, shows: Callable[[list[list[Sample]]], bool]) -> None:
        """Until the panel shows it; fails with what it shows instead."""
        deadline = time.monotonic() + WITHIN_S
        while not shows(found := self.read(panel, municipality)):
            assert time.monotonic() < deadline, f"{panel} of {municipality} still shows {found}"
            time.sleep(0.5)

    def firing(self) -> set[tuple[str, str]]:
        """Alerts that fire, with the municipality they are about."""
        alerts = self._client.get("/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"].get("municipality", ""))
            for alert in alerts
            if alert["state"] == "firing"
        }

    def scraped(self) -> bool:
        """Whether every service has been read."""
        return [value for _, value in self._evaluate("up", "")] == [1.0] * 4

    def _evaluate(self, query: str, municipality: str) -> list[Sample]:
        query = query.replace("$municipality", municipality).replace("$__rate_interval", "20s")
        answer = self._client.get("/api/v1/query", params={"query": query}).raise_for_status().json()
        return [(sample["metric"], float(sample["value"][1])) for sample in answer["data"]["result"]]


class System:
    """A municipality's own system: posts notices of people who move in."""

    def __init__(self, federation: ServiceProcesses, operator: TokenClient, municipality: str) -> None:
        self.municipality = municipality
        body = {
            "municipality": municipality,
            "name": municipality,
            "prefecture": "九州・沖縄",
            "services": ["resident-registry", "taxation", "national-id-linkage"],
        }
        joined = _command(federation, operator, "membership", "members", body)
        key_file = federation.layout.secrets / f"test-{municipality}.pem"
        key_file.write_text(joined["private_key"])
        auth = TokenClient(
            federation["membership"].url, f"{municipality}/{joined['party']}", load_private_key(key_file)
        )
        self._client = httpx.Client(base_url=federation["resident-registry"].url, auth=auth, timeout=30)

    def moves_in(self, on: date = date(2026, 4, 1)) -> str:
        """One person moves in; returns the receipt's outcome."""
        here = Address(prefecture="鹿児島県", municipality="鹿児島市", town="山下町", number="11番1号")
        person = Person(
            name="西郷 一郎",
            name_kana="サイゴウ イチロウ",
            birth_date="1990-05-01",
            sex=Sex.MALE,
            relationship="世帯主",
        )
        notice = MoveInNotice(
            effective_date=on,
            notified_date=on,
            place="市民課",
            operator="test",
            origin="domestic",
            persons=(person,),
            address=here,
            previous_address=here,
        )
        return self.tells(notice)

    def tells(self, notice: Notice) -> str:
        """A notice by HTTP; returns the receipt's outcome."""
        envelope = NoticeEnvelope(str(uuid4()), "urn:test:dashboard", notice.type, self.municipality)
        attributes = {name: value for name, value in envelope._asdict().items() if value}
        batch = [{"specversion": "1.0", **attributes, "data": json.loads(notice.body())}]
        answer = self._client.post(
            f"/v1/{self.municipality}/notices",
            content=json.dumps(batch),
            headers={"content-type": "application/cloudevents-batch+json"},
        )
        return str(answer.raise_for_status().json()[0]["outcome"])


@pytest.fixture(scope="module")
def dashboard(
    federation: ServiceProcesses, test_layout: Layout, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """A Prometheus with the committed configuration and alerts, which reads the running services instead."""
    program = shutil.which("prometheus")
    assert program, "install Debian's package prometheus (apt-get install prometheus)"
    folder, (port,) = tmp_path_factory.mktemp("prometheus"), free_ports(1)
    targets = json.dumps([worker.url.removeprefix("http://") for worker in federation])
    text = (PROMETHEUS / "prometheus.yml").read_text()
    for pattern, replacement in (
        (r"targets: \[.*\]", f"targets: {targets}"),
        (r"(scrape|evaluation)_interval: 5s", r"\1_interval: 1s"),
        (r"rule_files: \[.*\]", f"rule_files: ['{PROMETHEUS / 'alerts.yml'}']"),
    ):
        text, replaced = re.subn(pattern, replacement, text)
        assert replaced, pattern
    config = folder / "prometheus.yml"
    config.write_text(text)
    child = Child.start(
        "prometheus",
        [
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{port}",
        ],
        records=test_layout.processes,
        log=test_layout.logs / "prometheus.log",
        marker=str(config),
        rank=30,
    )
    try:
        found = Dashboard(f"http://{LOOPBACK}:{port}")
        _until(found.scraped, "Prometheus has not read all four services")
        yield found
    finally:
        child.stop()


@pytest.fixture(scope="module")
def operator(federation: ServiceProcesses, test_layout: Layout) -> TokenClient:
    """The first operator's tokens."""
    key = load_private_key(test_layout.operators / "operator.pem")
    return TokenClient(federation["membership"].url, "000001/operator", key)


@pytest.fixture(scope="module")
def kagoshima(federation: ServiceProcesses, operator: TokenClient, dashboard: Dashboard) -> System:
    """A municipality with one resident, known to every reader."""
    return _with_a_resident(System(federation, operator, MATSUE), dashboard)


def test_every_panel_is_measured_while_nothing_is_wrong(kagoshima: System, dashboard: Dashboard) -> None:
    """Zero is shown as zero: a panel that is empty when all is well would be empty when nothing is measured, too."""
    for _ in range(3):  # a rate needs a second value after the first
        assert kagoshima.moves_in() == "accepted"
        time.sleep(2)
    readers = {("taxation", "resident"), ("national-id-linkage", "resident"), ("national-id-linkage", "taxation")}
    for panel in ("Lag in events", "Oldest unapplied event", "Diverged streams"):
        dashboard.wait(panel, MATSUE, lambda shown: _streams(shown[0], 0) >= readers)
    dashboard.wait("Parked keys", MATSUE, _worst_is(0))
    dashboard.wait("Heads against readers", MATSUE, lambda shown: _at_their_heads(*shown))
    dashboard.wait("Commit to effect", MATSUE, lambda shown: _quantiles(*shown))
    dashboard.wait("Appended against published", MATSUE, lambda shown: _same_streams_flow(*shown))
    dashboard.wait("Readiness", MATSUE, lambda shown: [value for _, value in shown[0]] == [1.0] * 4)
    tested = {
        "Heads against readers",
        "Lag in events",
        "Oldest unapplied event",
        "Parked keys",
        "Refused receipts",
        "Diverged streams",
        "Own systems that diverged",
        "Commit to effect",
        "Appended against published",
        "Readiness",
    }
    assert set(dashboard.panels) == tested


def test_refused_notices_are_seen(kagoshima: System, dashboard: Dashboard) -> None:
    for _ in range(3):
        assert kagoshima.moves_in(on=date(2099, 1, 1)) == "refused"
        time.sleep(2)

    def refused(shown: list[list[Sample]]) -> bool:
        return any(
            value > 0 and (labels["service"], labels["outcome"]) == ("resident-registry", "refused")
            for labels, value in shown[0]
        )

    dashboard.wait("Refused receipts", MATSUE, refused)


def test_a_reader_that_cannot_commit_is_behind_and_catches_up(
    kagoshima: System, dashboard: Dashboard, addresses: StackAddresses
) -> None:
    with _locked_reader(addresses, "taxation", MATSUE, "resident"):
        assert kagoshima.moves_in() == "accepted"
        behind = ("taxation", "resident")
        dashboard.wait("Lag in events", MATSUE, lambda shown: behind in _streams(shown[0], at_least=1))
        dashboard.wait("Oldest unapplied event", MATSUE, lambda shown: behind in _streams(shown[0], at_least=3))
        heads, readers = dashboard.read("Heads against readers", MATSUE)
        assert not _at_their_heads(heads, readers)
    dashboard.wait("Lag in events", MATSUE, _worst_is(0))
    dashboard.wait("Heads against readers", MATSUE, lambda shown: _at_their_heads(*shown))


def test_a_key_that_fails_again_and_again_is_shown_as_parked_until_it_is_settled(
    federation: ServiceProcesses,
    operator: TokenClient,
    kagoshima: System,
    dashboard: Dashboard,
    addresses: StackAddresses,
) -> None:
    """The municipality's integrated numbers have run out: the rules fail on every newcomer, each time alike."""
    with _database(addresses, "national-id-linkage") as connection:
        connection.execute(
            "insert into addressee_link (municipality, line_of_business, addressee_number, integrated_addressee_number)"
            " values (%s, 'resident-registry', '999999999999999', '999999999999999')",
            [MATSUE],
        )
    assert kagoshima.moves_in() == "accepted"

    def parked(shown: list[list[Sample]]) -> bool:
        return any(labels["service"] == "national-id-linkage" and value >= 1 for labels, value in shown[0])

    dashboard.wait("Parked keys", MATSUE, parked)
    with _database(addresses, "national-id-linkage") as connection:
        connection.execute("delete from addressee_link where addressee_number = '999999999999999'")
        found = connection.execute(
            "select read_stream, position from parked_event where municipality = %s and state = 'parked'", [MATSUE]
        ).fetchall()
    for stream, position in found:
        _command(federation, operator, "national-id-linkage", f"{MATSUE}/parked/{stream}/{position}/retry")
    dashboard.wait("Parked keys", MATSUE, _worst_is(0))


def test_a_log_that_contradicts_what_was_applied_is_shown_as_diverged_and_wakes_somebody(
    federation: ServiceProcesses, operator: TokenClient, dashboard: Dashboard, addresses: StackAddresses
) -> None:
    _with_a_resident(System(federation, operator, HAMADA), dashboard)
    with _database(addresses, "taxation") as connection:
        changed = connection.execute(
            "update reader_position set hash = sha256(hash) where municipality = %s and stream = 'resident'", [HAMADA]
        )
        assert changed.rowcount == 1
    stopped = ("taxation", "resident")
    dashboard.wait("Diverged streams", HAMADA, lambda shown: _streams(shown[0], at_least=1) == {stopped})
    dashboard.wait("Diverged streams", MATSUE, _worst_is(0))
    _until(lambda: ("StreamDiverged", HAMADA) in dashboard.firing(), "the alert does not fire")
    _command(federation, operator, "taxation", f"{HAMADA}/rebuild/resident")
    dashboard.wait("Diverged streams", HAMADA, _worst_is(0))


def test_an_own_system_that_lost_count_is_shown_until_it_is_mended(
    federation: ServiceProcesses, operator: TokenClient, dashboard: Dashboard
) -> None:
    system = System(federation, operator, TOTTORI)
    _command(federation, operator, "membership", f"members/{TOTTORI}/own-systems/resident-registry")
    skipping = valid_examples()["resident-feed-notice.event.v1"]
    assert isinstance(skipping, FeedEventNotice)
    feed = f"{federation['resident-registry'].url}/v1/{TOTTORI}/feed"
    _until(lambda: bool(httpx.get(feed, auth=operator).json().get("own")), "the registry has not heard of it")
    assert system.tells(skipping) == "refused"
    dashboard.wait("Own systems that diverged", TOTTORI, _worst_is(skipping.sequence))
    assert system.tells(snapshot(0, [])) == "accepted"
    dashboard.wait("Own systems that diverged", TOTTORI, _worst_is(0))


def _with_a_resident(system: System, dashboard: Dashboard) -> System:
    """The federation knows the municipality, and one resident of it is known to every reader."""
    _until(lambda: system.moves_in() == "accepted", "the registry does not know the municipality")
    dashboard.wait("Heads against readers", system.municipality, lambda shown: _at_their_heads(*shown))
    return system


def _at_their_heads(heads: list[Sample], readers: list[Sample]) -> bool:
    """Whether the resident stream has moved and both of its readers stand where its head stands."""
    head = [value for labels, value in heads if labels["stream"] == "resident"]
    positions = [value for labels, value in readers if labels["stream"] == "resident"]
    return bool(head) and head[0] >= 1 and positions == head * 2


def _streams(samples: list[Sample], exactly: float | None = None, at_least: float = 0) -> set[tuple[str, str]]:
    """Reader and stream of the samples with such a value."""
    return {
        (labels["service"], labels["stream"])
        for labels, value in samples
        if (value >= at_least if exactly is None else value == exactly)
    }


def _worst_is(wanted: float) -> Callable[[list[list[Sample]]], bool]:
    return lambda shown: bool(shown[0]) and max(value for _, value in shown[0]) == wanted


def _quantiles(p50: list[Sample], p99: list[Sample]) -> bool:
    """Whether taxation's and linkage's seconds are numbers, and the median is below the 99th percentile."""
    slow = {(labels["service"], labels["stream"]): value for labels, value in p99}
    fast = {(labels["service"], labels["stream"]): value for labels, value in p50}
    return all(
        0 < fast.get((service, "resident"), 0) <= slow.get((service, "resident"), 0) < 60
        for service in ("taxation", "national-id-linkage")
    )


def _same_streams_flow(appended: list[Sample], published: list[Sample]) -> bool:
    wanted = {("resident-registry", "resident"), ("resident-registry", "resident-registry-receipts")}
    return all(wanted <= _streams(samples, at_least=1e-9) for samples in (appended, published))


def _command(
    federation: ServiceProcesses, operator: TokenClient, service: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """An operator's command to a service."""
    answer = httpx.post(f"{federation[service].url}/v1/{path}", json=body, auth=operator, timeout=30)
    return answer.raise_for_status().json()


@contextmanager
def _database(addresses: StackAddresses, service: str) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's transaction in a service's database."""
    user = addresses.postgres_url.split("//", 1)[1].split("@", 1)[0]
    url = addresses.postgres_url_of(user, f"kumiai_{service.replace('-', '_')}")
    with psycopg.connect(url, password=addresses.postgres_password) as connection:
        yield connection


@contextmanager
def _locked_reader(addresses: StackAddresses, service: str, municipality: str, stream: str) -> Iterator[None]:
    """While the block runs, the reader's row can be read and not written."""
    with _database(addresses, service) as connection:
        held = connection.execute(
            "select 1 from reader_position where municipality = %s and stream = %s for no key update",
            [municipality, stream],
        )
        assert held.fetchone()
        yield
        connection.rollback()


def _until(happens: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            if happens():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.5)
