"""Whom a merger takes over, and in which order, from a bundle's files alone."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from kumiai_cli.outcome import Failure
from kumiai_cli.predecessor import MOST, REGISTRY, TAXATION, Predecessor
from kumiai_common.bundle import cells, described
from kumiai_contracts.examples_resident import FATHER, example_row
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Row
from kumiai_contracts.resident import HouseholdRow, Reason, ResidentRow, Status
from kumiai_contracts.resident_affairs import GaijiRow, GaijiUseRow, ProtectionRow
from kumiai_contracts.taxation import IncomeReport, IncomeReportRow, ReportedPerson, UnmatchedReportRow, WorkItemRow

HOME = {"prefecture": "東京都", "municipality": "千代田区", "town": "丸の内", "number": "", "building": ""}
SEALED = {"previous_address": None, "destination_address": None, "resident_code": None}


def number(n: int) -> str:
    return with_check_digit(f"{n:09}", addressee_check_digit)


def row(n: int, household: int, history_number: int = 1, **changes: Any) -> ResidentRow:
    given = {"addressee_number": number(n), "household_number": number(household), "history_number": history_number}
    return example_row(FATHER).model_copy(update={**SEALED, **given, "cancels": None, **changes})


def left(n: int, household: int, history_number: int) -> ResidentRow:
    day = row(n, household).effective_date
    return row(n, household, history_number, status=Status.REMOVED, reason=Reason.DEATH, removed_on=day)


def bundle(
    folder: Path, rows: Sequence[ResidentRow], heads: dict[int, int], part: bool = True, beside: Sequence[Row] = ()
) -> Predecessor:
    (folder / "resident-registry" / "tables").mkdir(parents=True)
    (folder / "resident-registry" / "streams").mkdir()
    (folder / "manifest.json").write_text(json.dumps({"municipality": "131024", "identity": "ab" * 32}))
    households = [
        HouseholdRow(household_number=number(household), head=number(head), members=())
        for household, head in heads.items()
    ]
    for kind, written in ((ResidentRow, rows), (HouseholdRow, households)):
        table(folder, kind, written)
    for kind in {type(each) for each in beside}:
        service = TAXATION if "taxation" in kind.__module__ else REGISTRY
        table(folder, kind, [each for each in beside if type(each) is kind], service)
    sealed = {"commitment": rows[0].address, "part": json.dumps(HOME) if part else None}
    (folder / "resident-registry" / "parts.jsonl").write_text(json.dumps(sealed) + "\n")
    lines = [
        {"incarnation": 1, "position": n, "hash": f"{n:064x}", "body": json.dumps({"residents": [_named(each)]})}
        for n, each in enumerate(rows, start=1)
    ]
    path = folder / "resident-registry" / "streams" / "resident.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Predecessor(folder)


def _named(each: ResidentRow) -> dict[str, str]:
    return {"addressee_number": each.addressee_number}


def table(folder: Path, kind: type[Row], rows: Sequence[Row], service: str = REGISTRY) -> None:
    columns = described.columns(kind)
    values = [[each.model_dump(mode="json")[column.name] for column in columns] for each in rows]
    header = cells.lines([[column.name for column in columns]])
    (folder / service / "tables").mkdir(parents=True, exist_ok=True)
    (folder / service / "tables" / f"{kind.table}.csv").write_bytes(header + cells.table(values, columns))


def taken(predecessor: Predecessor) -> list[tuple[str, list[str]]]:
    return [(each.household, [person.old_number for person in each.persons]) for each in predecessor.households()]


def test_the_living_are_taken_over_by_household_the_head_first(tmp_path: Path) -> None:
    made = bundle(tmp_path, [row(5, 2), row(4, 2), row(3, 1), row(6, 1)], {2: 5, 1: 6})
    assert taken(made) == [(number(1), [number(6), number(3)]), (number(2), [number(5), number(4)])]


def test_whoever_left_untaxed_or_never_was_here_stays(tmp_path: Path) -> None:
    never = (row(8, 1), row(8, 1, 2, status=Status.REMOVED, reason=Reason.CANCELLED_ENTRY, cancels=1))
    made = bundle(tmp_path, [row(6, 1), row(7, 1), left(7, 1, 2), *never], {1: 6})
    assert taken(made) == [(number(1), [number(6)])]
    assert made.left_to_people["removed"] == 1


def test_what_was_taken_back_is_not_carried_and_the_last_event_is_named(tmp_path: Path) -> None:
    back = row(6, 1, 3, reason=Reason.CANCELLED_REMOVAL, cancels=2)
    ((_, (person,), _),) = bundle(tmp_path, [row(6, 1), left(6, 1, 2), back], {1: 6}).households()
    assert [movement.status for movement in person.history] == [Status.RESIDENT]
    assert person.predecessor_event is not None
    assert (person.predecessor_event.municipality, person.predecessor_event.position) == ("131024", 3)
    assert person.history[0].address.model_dump() == HOME


def test_a_household_of_more_than_a_notice_takes_comes_in_two(tmp_path: Path) -> None:
    made = bundle(tmp_path, [row(n, 1) for n in range(1, MOST + 6)], {1: MOST + 5})
    first, second = taken(made)
    assert (len(first[1]), len(second[1])) == (MOST, 5)
    assert first[1][0] == number(MOST + 5)


def test_whoever_left_and_is_only_reported_about_is_taken_over_too(tmp_path: Path) -> None:
    reports = [report(7, 1), report(7, 2, withdrawn=True), report(7, 1, employer="2"), report(99, 1)]
    made = bundle(tmp_path, [row(6, 1), row(7, 1), left(7, 1, 2)], {1: 6}, beside=reports)
    assert taken(made) == [(number(1), [number(6), number(7)])]
    found = [(each.addressee_number, each.employer, each.revision, each.withdrawn) for each in made.reports]
    assert found == [(number(7), "1", 2, True), (number(7), "2", 1, False)], "the revision that counts, of people known"


def test_names_come_under_their_own_systems_characters(tmp_path: Path) -> None:
    rows = [row(n, 1, name="\ue001" if n != 5 else "梅") for n in (4, 5, 6, 7)]
    uses = [
        GaijiUseRow(addressee_number=number(n), system=system, code_points=("U+E001",))
        for n, system in ((4, "old-juki"), (6, "other"))
    ]
    known = GaijiRow(system="old-juki", code_point="U+E001", character="髙", mj=None)
    unknown = GaijiRow(system="other", code_point="U+E002", character=None, mj=None)
    made = bundle(tmp_path, rows, {1: 4}, beside=[*uses, known, unknown])
    assert [([p.old_number for p in each.persons], each.gaiji_system) for each in made.households()] == [
        ([number(4), number(5)], "131024.old-juki"),
        ([number(6)], "131024.other"),
        ([number(7)], "131024"),
    ]
    assert made.gaiji == {"old-juki": [known]}


def test_protection_goes_along_with_whom_it_is_shared_with(tmp_path: Path) -> None:
    given: dict[str, Any] = {"applied_on": date(2026, 1, 5), "ended_on": None}
    term = {"starts_on": date(2026, 1, 20), "ends_on": date(2027, 1, 19)}
    rows = [
        ProtectionRow(
            addressee_number=number(6), state="decided", together_with=(number(5), number(9)), **term, **given
        ),
        ProtectionRow(
            addressee_number=number(5), state="ended", together_with=(), starts_on=None, ends_on=None, **given
        ),
    ]
    made = bundle(tmp_path, [row(5, 1), row(6, 1)], {1: 6}, beside=rows)
    ((_, (first, second), _),) = made.households()
    assert first.protection is not None and second.protection is None
    assert (first.protection.state, first.protection.starts_on) == ("decided", date(2026, 1, 20))
    assert first.protection.together_with == (number(5),), "whoever stays there is left out"


def test_reports_of_nobody_known_go_along_and_what_only_people_can_decide_is_counted(tmp_path: Path) -> None:
    named = ReportedPerson(name="尾花 梅", name_kana="オバナ ウメ", birth_date="1990-05-05")
    nobody = IncomeReport(fiscal_year=2026, kind="employment", reporter="1", addressee_number=number(99))
    items = [item("a"), item("b"), item("c", state="done")]
    kept = [
        UnmatchedReportRow(work_item=name, report=nobody.model_copy(update={"person": person}))
        for name, person in (("a", named), ("b", None), ("c", named))
    ]
    made = bundle(tmp_path, [row(6, 1)], {1: 6}, beside=[*items, *kept])
    assert [each.person for each in made.unmatched] == [named]
    assert made.left_to_people == {"removed": 0, "work_items": 1, "extensions": 0}


def report(n: int, revision: int, employer: str = "1", **changes: Any) -> IncomeReportRow:
    amounts = dict.fromkeys(("salary", "social_insurance", "life_insurance_new", "earthquake_insurance"), 0)
    given = {"fiscal_year": 2026, "addressee_number": number(n), "employer": employer, "revision": revision}
    return IncomeReportRow(**{**amounts, **given, "spouse": None, "dependants": (), **changes})  # type: ignore[arg-type]


def item(name: str, state: Any = "open") -> WorkItemRow:
    return WorkItemRow(
        work_item=name, fiscal_year=2026, addressee_number=None, code="x", pointer="", ja="", en="", state=state
    )


def test_an_erased_address_stops_it_and_a_folder_that_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="erased or missing"):
        list(bundle(tmp_path / "a", [row(6, 1)], {1: 6}, part=False).households())
    with pytest.raises(Failure, match="is no bundle"):
        Predecessor(tmp_path / "b")
