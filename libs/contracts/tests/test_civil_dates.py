"""Dates that no calendar has are values: ordered, compared, shown, and never repaired."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kumiai_contracts.civil_dates import (
    age_on,
    calendar_day,
    earliest,
    in_eras,
    is_whole,
    latest,
    order_key,
    possibly_equal,
    surely_before,
)
from kumiai_contracts.fields import CivilDate
from pydantic import TypeAdapter

CIVIL_DATES = st.builds(
    lambda year, month, day: f"{year}-{month}-{day}",
    st.one_of(st.integers(1868, 2030).map(str), st.just("XXXX")),
    st.one_of(st.integers(1, 12).map("{:02}".format), st.just("XX")),
    st.one_of(st.integers(1, 31).map("{:02}".format), st.just("XX")),
)
WHOLE = CIVIL_DATES.filter(is_whole)


@given(CIVIL_DATES)
def test_the_contract_takes_every_civil_date_and_leaves_it_as_it_is(text: str) -> None:
    assert TypeAdapter(CivilDate).validate_python(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1980-02-30", "昭和55年2月30日"),
        ("1981-02-29", "昭和56年2月29日"),
        ("1912-07-29", "明治45年7月29日"),
        ("1912-07-30", "大正元年7月30日"),
        ("1926-12-24", "大正15年12月24日"),
        ("1926-12-25", "昭和元年12月25日"),
        ("1989-01-07", "昭和64年1月7日"),
        ("1989-01-08", "平成元年1月8日"),
        ("2019-04-31", "平成31年4月31日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2026-11-24", "令和8年11月24日"),
        ("1989-XX-XX", "昭和64年又は平成元年月日不詳"),
        ("1989-01-XX", "昭和64年又は平成元年1月日不詳"),
        ("1989-05-XX", "平成元年5月日不詳"),
        ("1955-XX-09", "昭和30年月不詳9日"),
        ("XXXX-03-09", "年不詳3月9日"),
        ("XXXX-XX-XX", "年月日不詳"),
        ("1860-03-09", "1860年3月9日"),
    ],
)
def test_dates_are_shown_with_eras(text: str, shown: str) -> None:
    assert in_eras(text) == shown


def test_a_day_that_no_calendar_has_stands_between_its_neighbours() -> None:
    days = ["1980-02-28", "1980-02-29", "1980-02-30", "1980-02-31", "1980-03-01"]
    shuffled = [days[n] for n in (3, 0, 4, 2, 1)]
    assert sorted(shuffled, key=order_key) == days
    assert [calendar_day(day) is not None for day in days] == [True, True, False, False, True]


@given(CIVIL_DATES, CIVIL_DATES)
def test_certainty_is_never_mutual(one: str, other: str) -> None:
    assert not (surely_before(one, other) and surely_before(other, one))
    if surely_before(one, other):
        assert order_key(one) < order_key(other)
        assert not possibly_equal(one, other)


@given(WHOLE, WHOLE)
def test_whole_dates_are_ordered_as_they_read(one: str, other: str) -> None:
    assert surely_before(one, other) == (one < other)
    assert possibly_equal(one, other) == (one == other)


@given(CIVIL_DATES)
def test_the_bounds_hold_the_date(text: str) -> None:
    assert earliest(text) <= latest(text)
    assert (earliest(text) == latest(text)) == is_whole(text)
    assert possibly_equal(text, text)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("1980-04-01", date(2026, 3, 31), 45),
        ("1980-04-01", date(2026, 4, 1), 46),
        ("2000-02-29", date(2026, 2, 28), 25),
        ("2000-02-29", date(2026, 3, 1), 26),
        ("1981-02-30", date(2026, 3, 1), 45),
        ("1980-XX-XX", date(2026, 12, 31), 46),
        ("1980-XX-XX", date(2026, 6, 1), None),
        ("XXXX-04-01", date(2026, 6, 1), None),
    ],
)
def test_ages(birth: str, day: date, age: int | None) -> None:
    assert age_on(birth, day) == age
