"""Civil dates (民事上の日付): dates as the record has them, also those that no calendar has.

A civil date is the text YYYY-MM-DD with X for unknown parts (不詳). 29 February of a common year or 31 April stand in
records as they were once written; nobody may repair them. So they are values of their own: they are ordered, compared
with certainty or doubt, shown with eras (元号), and exported as the text that they are.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

ERAS = (
    ("明治", "1868-01-25"),
    ("大正", "1912-07-30"),
    ("昭和", "1926-12-25"),
    ("平成", "1989-01-08"),
    ("令和", "2019-05-01"),
)
"""元号 with the first day of each. 明治 counts from its retroactive beginning; days before 1873 are as written."""

_UNKNOWN = "X"


class Parts(NamedTuple):
    """年月日; None for a part that is not known."""

    year: int | None
    month: int | None
    day: int | None


@cache
def parts(text: str) -> Parts:
    """The parts of a civil date. Raises ValueError for a text that is none."""
    year, month, day = text.split("-")
    return Parts(*(None if _UNKNOWN in part else int(part) for part in (year, month, day)))


def is_whole(text: str) -> bool:
    """Whether every part is known; the calendar need not have the day."""
    return _UNKNOWN not in text


def calendar_day(text: str) -> date | None:
    """The day of the Gregorian calendar, or None where no calendar has it or a part is unknown."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def earliest(text: str) -> str:
    """The first text that the date can stand for: unknown parts as early as they can be."""
    year, month, day = text.split("-")
    return "-".join((year.replace(_UNKNOWN, "0"), "01" if _UNKNOWN in month else month, "01" if "X" in day else day))


def latest(text: str) -> str:
    """The last text that the date can stand for: unknown parts as late as they can be."""
    year, month, day = text.split("-")
    return "-".join((year.replace(_UNKNOWN, "9"), "12" if _UNKNOWN in month else month, "31" if "X" in day else day))


def order_key(text: str) -> tuple[str, str]:
    """A total order: by the earliest day that a date can be, then the more certain date first.

    A day that no calendar has stands between its neighbours: 30 February after 28 and 29 February, before 1 March.
    """
    return earliest(text), latest(text)


def surely_before(one: str, other: str) -> bool:
    """Whether the first date lies before the second, whatever the unknown parts are."""
    return latest(one) < earliest(other)


def possibly_equal(one: str, other: str) -> bool:
    """Whether both can be the same date: every part that both know is equal."""
    return all(a is None or b is None or a == b for a, b in zip(parts(one), parts(other), strict=True))


def age_on(birth_date: str, day: date) -> int | None:
    """満年齢 on a day: the birthdays that were reached; None if unknown parts leave it open.

    Somebody born on 29 February, or on a day that no calendar has, reaches it on the day after in a year without.
    """
    ages = {_age(bound, day) for bound in (earliest(birth_date), latest(birth_date))}
    return ages.pop() if len(ages) == 1 and parts(birth_date).year is not None else None


def in_eras(text: str) -> str:
    """A date as a clerk reads it, such as 昭和55年2月30日, 平成元年5月日不詳 or 年月日不詳.

    A year in which the era changed has both names while the month and day don't tell them apart.
    """
    year, month, day = parts(text)
    if year is None and month is None and day is None:
        return "年月日不詳"
    shown = ["年不詳" if year is None else "又は".join(_years(text, year))]
    if month is None and day is None:
        return shown[0] + "月日不詳"
    shown.append("月不詳" if month is None else f"{month}月")
    shown.append("日不詳" if day is None else f"{day}日")
    return "".join(shown)


def _years(text: str, year: int) -> Iterator[str]:
    first, last = earliest(text), latest(text)
    names = [(name, start) for name, start in ERAS if start <= last]
    if not names or first < names[0][1]:
        yield f"{year}年"
        return
    begun = [n for n, (_, start) in enumerate(names) if start <= first]
    for name, start in names[begun[-1] :]:
        count = year - int(start[:4]) + 1
        yield f"{name}{'元' if count == 1 else count}年"


def _age(birth_date: str, day: date) -> int:
    year, month_day = int(birth_date[:4]), birth_date[5:]
    return day.year - year - (day.isoformat()[5:] < month_day)
