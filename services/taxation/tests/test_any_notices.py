"""Any reports, corrections and withdrawals: their order changes nothing, and what follows can be read by everybody."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from kumiai_contracts.decision import Accepted
from kumiai_contracts.taxation import AssessmentRow, Dependant, FurtherItems, IncomeReport

from .test_deciding import ELSEWHERE, Town, report
from .test_store import PERSON

KINDS = {"e1": "employment", "e" * 200: "employment", "p1": "pension", "t1": "tax-return"}
CHILD = Dependant(birth_date="2007-06-01")
NOT_YET_BORN = Dependant(birth_date="2026-02-01")
YEN = st.one_of(st.integers(0, 12_000_000), st.integers(0, 12_000_000), st.just(10**12 - 1))
FURTHER = st.one_of(
    st.none(),
    st.builds(
        FurtherItems,
        pension=YEN,
        medical_paid=st.sampled_from([0, 0, 300_000]),
        self_medication_paid=st.sampled_from([0, 0, 0, 50_000]),
        widow=st.booleans(),
        single_parent=st.sampled_from([None, None, "mother"]),
        not_computed=st.sampled_from([(), (), (), ("stocks",)]),
    ),
)


@st.composite
def reports(draw: st.DrawFn) -> list[IncomeReport]:
    """Some revisions of some reporters' reports, each of them once, in any order."""
    named = st.tuples(st.sampled_from(list(KINDS)), st.integers(1, 3))
    told = [
        report(
            reporter=reporter,
            revision=revision,
            kind=KINDS[reporter],
            salary=draw(YEN),
            social_insurance=draw(YEN),
            withdrawn=draw(st.integers(0, 4)) == 0,
            residence=draw(st.sampled_from([None, None, None, ELSEWHERE])),
            dependants=tuple(draw(st.lists(st.sampled_from([CHILD, CHILD, NOT_YET_BORN]), max_size=2))),
            further=draw(FURTHER),
        )
        for reporter, revision in draw(st.lists(named, unique=True, min_size=2, max_size=6))
    ]
    return draw(st.permutations(told))


def told(notices: list[IncomeReport]) -> tuple[Any, AssessmentRow | None, list[tuple[str, str]]]:
    """The reports that count, the assessment that holds, and what is open, after all notices."""
    town = Town()
    for notice in notices:
        town.tell(notice)
    state = town.state
    latest = state.latest(2026, PERSON)
    holding = None if latest is None or latest.cancelled else latest.model_copy(update={"version": 1})
    return state.reports(2026, PERSON), holding, town.open_items


@settings(max_examples=300, deadline=None)
@given(reports(), st.randoms(use_true_random=False))
def test_the_order_of_any_notices_does_not_matter(notices: list[IncomeReport], random: Any) -> None:
    again = list(notices)
    random.shuffle(again)
    counting, assessment, open_items = told(notices)
    counting_again, assessment_again, open_again = told(again)
    assert counting == counting_again
    if assessment != assessment_again:  # what holds stays until a person decides about what can't be computed
        assert open_items
        assert open_again


@settings(max_examples=200, deadline=None)
@given(reports())
def test_every_reader_can_read_what_follows_from_any_notices(notices: list[IncomeReport]) -> None:
    """Assessments are built unchecked, for speed: what no reader takes would stop every reader of the stream."""
    town = Town()
    for notice in notices:
        decision = town.tell(notice)
        for event in decision.events if isinstance(decision, Accepted) else ():
            assert type(event).model_validate_json(event.model_dump_json()) == event
