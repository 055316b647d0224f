"""Comparing an expectation with what the services answer, person by person. Pure: answers in, findings out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kumiai_demo.expectation import (
    HEAD,
    UNKNOWN,
    Expectation,
    ExpectedHousehold,
    ExpectedPerson,
    incomes_in_order,
)
from kumiai_demo.findings import Finding, sequence_findings
from kumiai_demo.ledger import Sent
from kumiai_demo.receipt_feed import Receipt

Answer = Mapping[str, Any]


def replayed(sent: Iterable[Sent], receipts: Iterable[Receipt]) -> tuple[Expectation, list[Finding]]:
    """The expectation from what was sent and answered, and what is wrong with the answers themselves."""
    messages: dict[tuple[str, str, str, str], Sent] = {}
    for message in sent:
        messages.setdefault(message.identity, message)
    sources = {message.source for message in messages.values()}
    answers: dict[tuple[str, str, str, str], list[Receipt]] = {}
    findings = []
    for receipt in receipts:
        if receipt.identity in messages:
            answers.setdefault(receipt.identity, []).append(receipt)
        elif receipt.body["notice_source"] in sources:
            findings.append(Finding("unexpected", receipt.identity[2], "a receipt for something that was not sent"))
    expectation = Expectation()
    for identity, message in messages.items():
        given = answers.get(identity, [])
        findings += _receipt_findings(message, given)
        if given and given[0].accepted and message.notice is not None:
            try:
                expectation.take(message, given[0])
            except (KeyError, ValueError, IndexError) as error:
                findings.append(
                    Finding("unexpected", message.id, f"the receipt can't be followed ({type(error).__name__})")
                )
    findings += [Finding("doubled", number, "two people got this number") for number in expectation.doubly_assigned]
    return expectation, findings


def _receipt_findings(message: Sent, given: list[Receipt]) -> Iterator[Finding]:
    if message.expected == "none":
        return
    if not given:
        yield Finding("lost", message.id, f"no receipt ({message.kind})")
        return
    if len({receipt.stored for receipt in given}) > 1:
        yield Finding("doubled", message.id, f"{len(given)} receipts that are not the same ({message.kind})")
    first = given[0]
    if first.accepted != (message.expected == "accepted"):
        seen = "accepted" if first.accepted else f"refused with {', '.join(sorted(first.codes))}"
        yield Finding("unexpected", message.id, f"{message.kind}: {seen}")
    elif message.codes and not message.codes & first.codes:
        yield Finding("unexpected", message.id, f"{message.kind}: refused with {', '.join(sorted(first.codes))}")


def resident_findings(expected: ExpectedPerson, current: Answer | None, history: Sequence[Answer]) -> Iterator[Finding]:
    """Compare a person's current row and history rows with what the accepted notices must have led to."""
    about = expected.number
    if current is None:
        yield Finding("lost", about, "the registry does not have the person")
        return
    if (current["name"], current["birth_date"]) != (expected.name, expected.birth_date):
        yield Finding("lost", about, "the registry has somebody else under this number")
        return
    rows = sorted(history, key=lambda row: row["history_number"])
    if [row["history_number"] for row in rows] != list(range(1, len(rows) + 1)):
        yield Finding("doubled", about, "the history numbers are not 1, 2, 3, …")
    wanted = [step.reference for step in expected.steps]
    found = _without_followers([row["operator"] for row in rows], wanted, expected.may_follow)
    wrong = list(sequence_findings(about, "history", wanted, found))
    yield from wrong
    if wrong:
        return
    dates = {step.reference: step.effective_date for step in expected.steps}
    for row in rows:
        if row["operator"] in dates and row["effective_date"] != dates[row["operator"]]:
            yield Finding("lost", about, f"history row {row['history_number']}: another effective date")
    yield from _place_findings(expected, current)


def _without_followers(found: list[str], wanted: list[str], may_follow: set[str]) -> list[str]:
    """Leave out, once each, rows that follow from notices about other people of the household."""
    left = Counter(may_follow - set(wanted))
    kept = []
    for reference in found:
        if left[reference]:
            left[reference] -= 1
        else:
            kept.append(reference)
    return kept


def _place_findings(expected: ExpectedPerson, current: Answer) -> Iterator[Finding]:
    about, place = expected.number, expected.place
    if (current["status"] == "resident") != place.resident:
        yield Finding("lost", about, f"the person is {current['status']}, which the last notice changed")
    if place.household != UNKNOWN and current["household_number"] != place.household:
        yield Finding("lost", about, "the person is in another household than the last notice says")
    if place.resident and place.head is not None and (current["relationship"] == HEAD) != place.head:
        yield Finding("lost", about, "head or not head: the last notice says otherwise")
    if current.get("address") != dict(place.address):
        yield Finding("lost", about, "the address is not that of the last notice")


def household_findings(expected: ExpectedHousehold, current: Answer | None) -> Iterator[Finding]:
    """Compare a household's head and members."""
    about = f"household {expected.number}"
    if current is None:
        if expected.members:
            yield Finding("lost", about, "the registry does not have the household")
        return
    wanted, seen = Counter(expected.members), Counter[str](current["members"])
    if missing := wanted - seen:
        yield Finding("lost", about, f"{missing.total()} members are missing")
    if extra := seen - wanted:
        yield Finding("doubled", about, f"{extra.total()} members too many")
    if expected.head is not None and current["head"] != expected.head:
        yield Finding("lost", about, "the head is somebody else")


def assessment_findings(
    year: int, number: str, reports: list[Mapping[str, Any]], versions: Sequence[Answer]
) -> Iterator[Finding]:
    """One version for each accepted report, in order, each with the income that the reports until then add up to."""
    about = f"{number}, fiscal year {year}"
    if len(versions) < len(reports):
        yield Finding("lost", about, f"{len(versions)} versions from {len(reports)} accepted reports")
        return
    if len(versions) > len(reports):
        yield Finding("doubled", about, f"{len(versions)} versions from {len(reports)} accepted reports")
        return
    ordered = sorted(versions, key=lambda version: version["version"])
    if [version["version"] for version in ordered] != list(range(1, len(ordered) + 1)):
        yield Finding("doubled", about, "the versions are not 1, 2, 3, …")
    wanted = incomes_in_order(reports)
    seen = [version["employment_income"] for version in ordered]
    if wanted != seen:
        yield Finding(
            "out_of_order" if sorted(wanted) == sorted(seen) or seen[-1] != wanted[-1] else "lost",
            about,
            "the versions do not follow the reports",
        )
    for version in ordered:
        parts = (
            "income_levy_municipal",
            "income_levy_prefectural",
            "per_capita_municipal",
            "per_capita_prefectural",
            "forest_environment_tax",
        )
        if sum(version[part] for part in parts) != version["total"] or version["cancelled"]:
            yield Finding("unexpected", about, f"version {version['version']}: the amounts do not add up")


def link_findings(numbers: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """One integrated number for each person, all distinct."""
    holders: dict[str, str] = {}
    for person, integrated in numbers.items():
        if not integrated:
            yield Finding("lost", person, "the person has no integrated addressee number")
        if len(set(integrated)) > 1:
            yield Finding("doubled", person, "the person has two integrated addressee numbers")
        for number in set(integrated):
            if holders.setdefault(number, person) != person:
                yield Finding("doubled", person, "another person has the same integrated addressee number")
