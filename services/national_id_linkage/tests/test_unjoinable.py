"""Two institutions that put their answers together can't tell who is who, beyond the declared facts."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from kumiai_contracts.decision import Accepted
from kumiai_contracts.exchange import CodeAcquisitionRow, FactsProvided
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.institutions import institution_of
from kumiai_contracts.model import canonical_json
from kumiai_national_id_linkage.codes import CodeBook
from kumiai_national_id_linkage.domain.exchange_state import ExchangeState
from kumiai_national_id_linkage.domain.providing import provide
from kumiai_national_id_linkage.network.outbox import answer

PEOPLE = 400
BOOK = CodeBook(bytes(range(32)))
INQUIRERS = (institution_of("151009"), institution_of("011002"))
Given = dict[str, Any]


def given_out(cases: Any, inquirer: str, people: list[str], seed: int) -> list[tuple[str, Given]]:
    """Everything an institution holds of each person once it has asked: its own code, request number, and the answer.

    Everybody's facts are the same, so whatever tells people apart is not a fact that was declared.
    """
    chance = random.Random(seed)
    asked = chance.sample(people, len(people))
    codes = {BOOK.code(cases.here, "131016", person): person for person in people}
    versions = [cases.version().model_copy(update={"addressee_number": person}) for person in people]
    known = [
        CodeAcquisitionRow(
            addressee_number=person,
            acquisition_number=f"{n:032x}",
            state="acquired",
            requested_at=cases.time(),
            acquired_at=cases.time(),
        )
        for n, person in enumerate(people)
    ]
    state = ExchangeState((*versions, *known), codes)
    facts = {("131016", row.fact_kind, row.addressee_number, row.scope, row.version): row for row in versions}
    found = []
    for n, person in enumerate(asked):
        instant = datetime.fromisoformat(cases.time(seconds=n, hours=seed))
        sent = {"sent_at": cases.time(seconds=n, hours=seed), "accepted_at": cases.time(seconds=n, hours=seed)}
        number = f"{inquirer[9:12]}-{n}"
        code = BOOK.code(cases.here, "131016", person)
        request = cases.request(sender=inquirer, request_number=number, code=code, **sent)
        decision = provide(state, request, cases.context(seconds=n, hours=seed), cases.table)
        assert isinstance(decision, Accepted) and isinstance(decision.events[0], FactsProvided)
        message = answer("131016", decision.events[0].record, facts, instant + timedelta(seconds=1))
        own_code = BOOK.code(inquirer, inquirer[7:13], person)
        found.append((person, {"code": own_code, "request": number, **message.model_dump(), **message.content}))
    return found


def leaks(first: list[tuple[str, Given]], second: list[tuple[str, Given]]) -> list[str]:
    """The pairs of fields that join more people than chance would, by equal values or by their order."""
    found = []
    for left, right in product(first[0][1], second[0][1]):
        ours = [(person, canonical_json(fields[left]).decode()) for person, fields in first]
        theirs = [(person, canonical_json(fields[right]).decode()) for person, fields in second]
        if _joined(ours, theirs) or _ordered(ours, theirs):
            found.append(f"{left} with {right}")
    return found


def _joined(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> bool:
    """Whether people with equal values are the same more often than people picked by chance."""
    by_value = defaultdict(list)
    for person, value in theirs:
        by_value[value].append(person)
    pairs = [(person, other) for person, value in ours for other in by_value[value]]
    right = sum(person == other for person, other in pairs)
    return right > len(pairs) / PEOPLE + 3


def _ordered(ours: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> bool:
    """Whether the orders of the values go together; by chance five standard deviations are never seen."""
    if len({value for _, value in ours}) < PEOPLE or len({value for _, value in theirs}) < PEOPLE:
        return False
    rank = {person: n for n, (person, _) in enumerate(sorted(ours, key=lambda pair: pair[1]))}
    other = {person: n for n, (person, _) in enumerate(sorted(theirs, key=lambda pair: pair[1]))}
    distance = sum((rank[person] - other[person]) ** 2 for person in rank)
    spearman = 1 - 6 * distance / (PEOPLE * (PEOPLE**2 - 1))
    return abs(spearman) > 5 / PEOPLE**0.5


@pytest.fixture(scope="module")
def people() -> list[str]:
    return [with_check_digit(f"{n:09}", addressee_check_digit) for n in range(1, PEOPLE + 1)]


def test_no_field_of_two_answer_sets_joins_more_people_than_chance(cases: Any, people: list[str]) -> None:
    first, second = (given_out(cases, inquirer, people, n + 1) for n, inquirer in enumerate(INQUIRERS))
    assert leaks(first, second) == []


@pytest.mark.parametrize(
    "leak",
    [
        lambda person: person,
        lambda person: BOOK.code(INQUIRERS[0], "131016", person),
        lambda person: int(person) * 1000,
        lambda person: person[:8],
    ],
)
def test_a_planted_leak_is_found(cases: Any, people: list[str], leak: Any) -> None:
    """The addressee number, one code for all, a count in its order, or most of a number."""
    sets = [given_out(cases, inquirer, people, n + 1) for n, inquirer in enumerate(INQUIRERS)]
    planted = [[(person, {**fields, "planted": leak(person)}) for person, fields in given] for given in sets]
    assert "planted with planted" in leaks(*planted)
