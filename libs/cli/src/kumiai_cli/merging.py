"""Mergers (市町村合併): a successor takes over the people of predecessors that have closed."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx
import typer
from kumiai_contracts.model import Notice
from kumiai_contracts.resident_affairs import GaijiMapping, GaijiMappingNotice, GaijiRow
from kumiai_contracts.resident_carry_over import HistoryCarryOverNotice, ResidentHistoryCarriedOver
from kumiai_contracts.taxation import (
    AssessmentRow,
    IncomeReport,
    NonResidentTaxpayerNotice,
    NonResidentTaxpayerRow,
)
from kumiai_contracts.taxation_carry_over import AssessmentCarryOverNotice, IncomeReportCarryOverNotice
from rich.progress import Progress

from kumiai_cli.applied import reader_position
from kumiai_cli.bundle import run_verifier
from kumiai_cli.federation import Credentials, Federation, find_federation, read_credentials
from kumiai_cli.members import PATIENCE_SECONDS, Code, Json, counting, parse_code
from kumiai_cli.outcome import USAGE, Failure, reporting, say, show_json
from kumiai_cli.predecessor import REGISTRY, TAXATION, Predecessor

BATCH = 10
"""Notices in one request: of households they may be large."""
PAGE = 1000
ROLL_BATCH = 100
MAPPINGS = 1000
"""Characters in one notice."""
OPERATOR = "kumiai-merge"
HANDLED: dict[str, Any] = {"place": "市町村合併", "operator": OPERATOR}
SHOWN = 20
T = TypeVar("T")
Refusals = list[dict[str, Any]]
Told = tuple[str, Notice]
"""A notice and its id, which says what it is."""
_AS_ENTERED = NonResidentTaxpayerRow.model_fields.keys() - {"addressee_number", "address"}


def merge(
    code: Code,
    folders: Annotated[list[Path], typer.Option("--from", metavar="FOLDER", help="A predecessor's bundle; repeat it.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="合併期日, YYYY-MM-DD.")],
    as_json: Json = False,
) -> None:
    """A member takes over the people of predecessors: 市町村合併.

    Each predecessor has closed (kumiai leave CODE) and its bundle is sealed. Everybody who lives there, and whoever
    left and is on the tax roll, gets the successor's next number, in the order of the bundles, then of the old
    世帯番号. Protection, characters, assessments, reports and 住登外者 come along. The old history stays under the
    old code, and every new entry names the event that it goes on from.

    Repeat it after an interruption: it goes on where it was, and gives the numbers that it would have given.

      kumiai merge 131016 --from ./131024 --from ./131032 --on 2027-04-01
    """
    with reporting(as_json):
        owner, day = read_credentials(parse_code(code)), _day(on)
        predecessors = [_proven(folder) for folder in folders]
        if len({each.code for each in predecessors}) < len(predecessors):
            raise Failure("The same predecessor is named twice.", USAGE)
        federation, done = find_federation(owner), []
        with counting(as_json) as shown:
            for predecessor in predecessors:
                done.append(_Taking(federation, owner, predecessor, day, shown).everything())
        if as_json:
            show_json({"municipality": code, "predecessors": done})
        for each in () if as_json else done:
            said = f"{each['people']:,} people ({each['live']:,} live, {each['protected']:,} protected)"
            say(f"{each['predecessor']}: {said} are of {code} now, with {each['assessments']:,} assessments,")
            beside = f"{each['reports']:,} reports, {len(each['non_residents']):,} taxed without being registered"
            say(f"{beside}.")
            say(f"Left to people there: {each['left_to_people']}")


class _Taking:
    """One predecessor's people on their way into the successor's streams."""

    def __init__(
        self, federation: Federation, owner: Credentials, predecessor: Predecessor, day: date, shown: Progress
    ) -> None:
        self._federation, self._owner, self._from, self._day, self._shown = federation, owner, predecessor, day, shown
        self._code = owner.municipality
        self._entered: dict[str, str] = {}
        """宛名番号 here of 住登外者, by the one there."""
        self._address = f"/v1/members/{self._code}/mergers/{predecessor.code}"

    def everything(self) -> dict[str, Any]:
        """All of it, checked. Raises Failure if somebody was refused or is missing."""
        predecessor = self._from
        body = {"effective_date": self._day.isoformat(), "bundle_hash": predecessor.identity}
        with self._federation.operator("membership") as membership:
            membership.post(self._address, json=body).raise_for_status()
            subscribed = membership.get(f"/v1/members/{self._code}").raise_for_status().json()["subscriptions"]
        numbers = self._people()
        assessed = self._roll() if subscribed.get(TAXATION) else 0
        counts = {
            "people": len(predecessor.people),
            "found": len(numbers),
            "live": len(predecessor.live),
            "assessments": assessed,
        }
        with self._federation.operator("membership") as membership:
            membership.post(self._address + "/completion", json=counts).raise_for_status()
        protected = len(predecessor.protections.keys() & predecessor.people.keys())
        return {
            "predecessor": predecessor.code,
            **counts,
            "protected": protected,
            "reports": len(predecessor.reports) if subscribed.get(TAXATION) else 0,
            "non_residents": self._entered,
            "left_to_people": predecessor.left_to_people,
            "numbers": numbers,
        }

    def _people(self) -> dict[str, str]:
        """Everybody's new number by the old one, as the successor's own log has them. Raises Failure."""
        with self._federation.system(REGISTRY, self._owner) as registry:
            # First what characters mean, so that names come identified.
            self._all(registry, "characters", self._characters(), len(self._from.gaiji), 1)
            self._all(registry, "people", self._households(), len(self._from.people), BATCH)
            return self._found(registry)

    def _characters(self) -> Iterator[Told]:
        for system, rows in self._from.gaiji.items():
            for n, batch in enumerate(_batches(rows, MAPPINGS)):
                yield (
                    f"gaiji/{system}/{n}",
                    GaijiMappingNotice(
                        **HANDLED,
                        system=self._from.system_of(system),
                        mappings=tuple(_mapping(row) for row in batch),
                    ),
                )

    def _households(self) -> Iterator[Told]:
        for n, (household, persons, gaiji_system) in enumerate(self._from.households()):
            yield (
                f"household/{household}/{n}",
                HistoryCarryOverNotice(
                    **HANDLED,
                    effective_date=self._day,
                    notified_date=self._day,
                    ex_officio=True,
                    gaiji_system=gaiji_system,
                    system=self._from.code,
                    old_household_number=household,
                    persons=persons,
                ),
            )

    def _roll(self) -> int:
        """The tax roll (課税台帳): how many assessments were taken over. Raises Failure."""
        self._wait_for_taxation()
        with self._federation.system(TAXATION, self._owner) as taxation:
            self._non_residents(taxation)
            rows = [row for row in self._from.assessments if self._is_taken(row.addressee_number)]
            named = [(f"assessment/{row.fiscal_year}/{row.addressee_number}", self._assessment(row)) for row in rows]
            self._all(taxation, "assessments", named, len(rows), ROLL_BATCH)
            # After the assessments: a report of a year that was assessed stands beside what was made from it.
            self._all(taxation, "reports", self._reports(), len(self._from.reports), ROLL_BATCH)
            return len(rows)

    def _non_residents(self, taxation: httpx.Client) -> None:
        """住登外者 have no number by the registry: taxation gives them one of its own again."""
        entries = (
            (
                f"non-resident/{number}",
                NonResidentTaxpayerNotice(
                    address=self._from.address_of(row),
                    **{name: getattr(row, name) for name in _AS_ENTERED},
                ),
            )
            for number, row in self._from.non_residents.items()
        )
        known = self._from.non_residents
        assigned = self._all(taxation, "people taxed without being registered", entries, len(known), ROLL_BATCH)
        self._entered = {number: given[0]["number"] for number, given in zip(known, assigned, strict=True)}

    def _is_taken(self, number: str) -> bool:
        return number in self._from.people or number in self._entered

    def _person(self, number: str) -> dict[str, Any]:
        """A person as taxation's notices name somebody who was taken over."""
        return {"system": self._from.code, "old_number": number, "addressee_number": self._entered.get(number)}

    def _assessment(self, row: AssessmentRow) -> AssessmentCarryOverNotice:
        names = AssessmentCarryOverNotice.model_fields.keys() - {"addressee_number"}
        held = self._from.balances.get((row.fiscal_year, row.addressee_number))
        # Collection is no part of taxation: of what was assessed here, all counts as open until it is told otherwise.
        return AssessmentCarryOverNotice(
            **{name: getattr(row, name) for name in names if hasattr(row, name)},
            **self._person(row.addressee_number),
            operator=OPERATOR,
            special_collected=held.special_collected if held else 0,
            open_balance=held.open_balance if held else row.total,
            balance_on=held.balance_on if held else self._day,
        )

    def _reports(self) -> Iterator[Told]:
        for n, row in enumerate(self._from.reports):
            if not self._is_taken(row.addressee_number):
                continue
            names = IncomeReport.model_fields.keys() - {"addressee_number"}
            same = {name: getattr(row, name) for name in names if hasattr(row, name)}
            yield (
                f"report/{row.fiscal_year}/{row.addressee_number}/{n}",
                IncomeReportCarryOverNotice(
                    **self._person(row.addressee_number), report=IncomeReport(reporter=row.employer, **same)
                ),
            )
        for n, report in enumerate(self._from.unmatched):
            # Its number is one of there, where nobody had it; and who taxes is the successor now.
            yield f"unmatched/{n}", report.model_copy(update={"addressee_number": None, "residence": None})

    def _all(self, client: httpx.Client, what: str, notices: Iterable[Told], total: int, size: int) -> list[Any]:
        """What was assigned by each of these. Raises Failure if one was refused; the others are taken then."""
        task = self._shown.add_task(f"{what} of {self._from.code}", total=total)
        assigned: list[Any] = []
        refused: Refusals = []
        for batch in _batches(notices, size):
            for (_, notice), receipt in zip(batch, self._sent(client, batch), strict=True):
                assigned.append(receipt["assigned"])
                refused += receipt["reasons"]
                self._shown.advance(task, len(getattr(notice, "persons", "1")))
        _refuse(refused)
        return assigned

    def _wait_for_taxation(self) -> None:
        """Until taxation knows everybody: an answer to a notice is for good. Raises Failure."""
        with self._federation.system(REGISTRY, self._owner) as registry:
            heads = registry.get(f"/v1/{self._code}/heads").raise_for_status().json()["heads"]
        head = next(int(each["position"]) for each in heads if each["stream"] == "resident")
        until = time.monotonic() + PATIENCE_SECONDS
        while reader_position(self._federation, TAXATION, self._code, "resident") < head:
            if time.monotonic() > until:
                raise Failure("Taxation does not follow the registry at the moment; repeat the command later.")
            time.sleep(0.2)

    def _sent(self, client: httpx.Client, notices: Sequence[tuple[str, Notice]]) -> list[dict[str, Any]]:
        """The receipts of these notices; what was sent before gets the receipt that it got then."""
        if not notices:
            return []
        batch = [
            {
                "specversion": "1.0",
                "id": id_,
                "source": f"urn:merger:{self._from.identity}",
                "type": notice.type,
                "municipality": self._code,
                "data": json.loads(notice.body()),
            }
            for id_, notice in notices
        ]
        sent = client.post(
            f"/v1/{self._code}/notices",
            content=json.dumps(batch, ensure_ascii=False).encode(),
            headers={"content-type": "application/cloudevents-batch+json"},
            timeout=120,
        )
        receipts: list[dict[str, Any]] = sent.raise_for_status().json()
        return receipts

    def _found(self, registry: httpx.Client) -> dict[str, str]:
        """New numbers by old ones, as the log has them that every reader reads: what is counted out."""
        found: dict[str, str] = {}
        after = 0
        while True:
            address = f"/v1/{self._code}/streams/resident"
            text = registry.get(address, params={"after": after, "limit": PAGE}).raise_for_status().text
            lines = [json.loads(line) for line in text.split("\n") if line]
            for line in lines:
                if line["type"] == ResidentHistoryCarriedOver.type:
                    for row in json.loads(line["body"])["numbers"]:
                        if (
                            row["kind"] == "person"
                            and (row["predecessor_event"] or {}).get("municipality") == self._from.code
                        ):
                            found[row["old_number"]] = row["number"]
            if not lines:
                return {old: found[old] for old in self._from.people if old in found}
            after = lines[-1]["position"]


def _mapping(row: GaijiRow) -> GaijiMapping:
    return GaijiMapping(code_point=row.code_point, mj=row.mj, character=None if row.mj else row.character)


def _batches(items: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    left = iter(items)
    while batch := tuple(islice(left, size)):
        yield batch


def _proven(folder: Path) -> Predecessor:
    ended = run_verifier(str(folder), "--json", quiet=True)
    if ended.returncode:
        raise Failure(f"{folder} is not proven; see kumiai bundle verify {folder}.")
    return Predecessor(folder)


def _refuse(refused: Refusals) -> None:
    if refused:
        said = "; ".join(f"{each['en']} ({each['code']} {each['pointer']})" for each in refused[:SHOWN])
        raise Failure(f"{len(refused)} reasons against people who were to be taken over: {said}", refused=refused)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Failure(f"{text} is no day; write it as 2027-04-01.", USAGE) from None
