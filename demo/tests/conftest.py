"""A small municipality by hand: what was sent, what was answered, and services that answer from plain dictionaries."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from kumiai_demo.ledger import Sent
from kumiai_demo.receipt_feed import Receipt

SOURCE = "urn:demo:131016:test"
HOME = {"prefecture": "東京都", "municipality": "千代田区", "town": "飯田橋", "number": "1番1号", "building": ""}
A, B, C = "1000000012", "4000000047", "9000000091"
"""Three people, with numbers so far apart that nobody is looked for between them."""
AWAY = HOME | {"town": "神田神保町"}


@dataclass
class World:
    """A run of one municipality, and its services as they should answer; tests plant one fault each."""

    sent: list[Sent] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    addresses: dict[str, Mapping[str, str]] = field(default_factory=dict)
    households: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[tuple[int, str], list[dict[str, Any]]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)

    async def resident(self, number: str) -> Mapping[str, Any] | None:
        rows = self.rows.get(number)
        return rows[-1] | {"address": self.addresses[number]} if rows else None

    async def history(self, number: str) -> Sequence[Mapping[str, Any]]:
        return self.rows.get(number, [])

    async def household(self, number: str) -> Mapping[str, Any] | None:
        return self.households.get(number)

    async def assessments(self, fiscal_year: int, number: str) -> Sequence[Mapping[str, Any]]:
        return self.versions.get((fiscal_year, number), [])

    async def integrated_numbers(self, number: str) -> Sequence[str]:
        return self.links.get(number, [])

    def accept(
        self, type_: str, notice: dict[str, Any], people: Sequence[str] = (), household: str | None = None
    ) -> None:
        """Send a notice that is right, and give it its receipt."""
        service = "taxation" if type_.startswith("taxation") else "resident-registry"
        message = self._send(service, type_, notice, "good", "accepted", frozenset())
        assigned = [{"pointer": f"/persons/{n}", "kind": "addressee-number", "number": p} for n, p in enumerate(people)]
        if household:
            assigned.append({"pointer": "/household_number", "kind": "household-number", "number": household})
        self.answer(message, "accepted", assigned=assigned)

    def refuse(self, kind: str, code: str) -> None:
        """Send something wrong, and refuse it with a code."""
        message = self._send("resident-registry", "x", None, kind, "refused", frozenset((kind,)))
        self.answer(message, "refused", codes=[code])

    def answer(self, message: Sent, outcome: str, assigned: Sequence[Any] = (), codes: Sequence[str] = ()) -> None:
        """Append a receipt."""
        body = {
            "notice_source": message.source,
            "notice_id": message.id,
            "notice_type": message.type,
            "notice_digest": message.digest,
            "outcome": outcome,
            "caused": [],
            "assigned": list(assigned),
            "reasons": [{"code": code} for code in codes],
        }
        self.receipts.append(Receipt(message.service, len(self.receipts) + 1, json.dumps(body).encode(), body))

    def row(self, number: str, operator: str, **changes: Any) -> None:
        """Append a history row to a person's: the one before with changes."""
        rows = self.rows.setdefault(number, [])
        before = rows[-1] if rows else {}
        rows.append(before | {"history_number": len(rows) + 1, "operator": operator} | changes)

    def _send(self, service: str, type_: str, notice: Any, kind: str, expected: Any, codes: frozenset[str]) -> Sent:
        n = len(self.sent) + 1
        self.sent.append(Sent(service, SOURCE, f"id-{n}", type_, f"{n:064x}", kind, expected, codes, notice))
        return self.sent[-1]


def common(n: int, day: str = "2026-04-01") -> dict[str, Any]:
    """What every notice to the registry has; the clerk's reference is `desk/n`."""
    return {"operator": f"desk/{n}", "effective_date": day, "place": "本庁", "notified_date": day}


def someone(name: str, relationship: str) -> dict[str, Any]:
    """A person in a notice."""
    return {"name": name, "name_kana": name, "birth_date": "1980-01-01", "sex": "female", "relationship": relationship}


@pytest.fixture
def world() -> World:
    """A household of three that moves; its head dies; a move is taken back; two income reports; two refusals."""
    world = World()
    world.accept(
        "resident-notice.carry-over.v1",
        common(1, "2020-01-01") | {"persons": [someone("甲", "世帯主"), someone("乙", "夫")], "address": HOME},
        [A, B],
        "H1",
    )
    world.accept("resident-notice.change-of-address.v1", common(2) | {"addressee_numbers": [A, B], "address": AWAY})
    world.accept("resident-notice.death.v1", common(3, "2026-04-02") | {"addressee_number": A})
    world.accept(
        "resident-notice.move-in.v1",
        common(4) | {"persons": [someone("丙", "世帯主")], "address": HOME, "household_number": None},
        [C],
        "H2",
    )
    world.accept("resident-notice.change-of-address.v1", common(5) | {"addressee_numbers": [C], "address": AWAY})
    world.accept("resident-notice.cancel-movement.v1", common(6) | {"addressee_number": C, "history_number": 2})
    for salary in (3_000_000, 4_000_000):
        report = {"fiscal_year": 2026, "addressee_number": B, "employer": "1", "salary": salary}
        world.accept("taxation-notice.employment-income-report.v1", report)
    world.refuse("body-not-json", "body-not-json")
    world.refuse("date-in-2099", "date-in-2099")

    for number, name, head in ((A, "甲", True), (B, "乙", False)):
        world.row(
            number,
            "desk/1",
            name=name,
            birth_date="1980-01-01",
            status="resident",
            household_number="H1",
            relationship="世帯主" if head else "夫",
            effective_date="2020-01-01",
        )
        world.row(number, "desk/2", effective_date="2026-04-01")
        world.addresses[number] = AWAY
    world.row(A, "desk/3", status="removed", effective_date="2026-04-02")
    world.row(B, "desk/3", relationship="世帯主", effective_date="2026-04-02")
    c = {"name": "丙", "birth_date": "1980-01-01", "status": "resident", "household_number": "H2"}
    world.row(C, "desk/4", **c, relationship="世帯主", effective_date="2026-04-01")
    world.row(C, "desk/5")
    world.row(C, "desk/6")
    world.addresses[C] = HOME
    world.households = {
        "H1": {"household_number": "H1", "head": B, "members": [B]},
        "H2": {"household_number": "H2", "head": C, "members": [C]},
    }
    amounts = {
        "income_levy_municipal": 60_000,
        "income_levy_prefectural": 40_000,
        "per_capita_municipal": 3_000,
        "per_capita_prefectural": 1_000,
        "forest_environment_tax": 1_000,
        "total": 105_000,
        "cancelled": False,
    }
    world.versions[2026, B] = [
        amounts | {"version": 1, "employment_income": 2_020_000},
        amounts | {"version": 2, "employment_income": 2_760_000},
    ]
    world.links = {A: ["1"], B: ["2"], C: ["3"]}
    return world
