"""A family as the tests' clerks write it into notices."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

from kumiai_contracts.resident import Address, CarryOverNotice, Person, Sex

JAPAN = timezone(timedelta(hours=9))
HEAD = "世帯主"
HOME = Address(prefecture="新潟県", municipality="新潟市", town="学校町通一番町", number="602番地1")
NEXT_HOME = HOME.model_copy(update={"number": "1番2号"})
AWAY = Address(prefecture="東京都", municipality="千代田区", town="千代田", number="1番1号")


def today() -> date:
    """The day in Japan."""
    return datetime.now(JAPAN).date()


def handled(effective: date | None = None) -> dict[str, Any]:
    """What every notice to the registry has."""
    return {"effective_date": effective or today(), "notified_date": today(), "place": "本庁", "operator": "desk/1"}


def person(name: str, relationship: str, birth_date: str, sex: Sex = Sex.FEMALE) -> Person:
    """Somebody by name, relationship and birth date."""
    return Person(name=name, name_kana="カナ", birth_date=birth_date, sex=sex, relationship=relationship)


FAMILY = (
    person("越後 太郎", HEAD, "1980-02-02", Sex.MALE),
    person("越後 花子", "妻", "1982-03-03"),
    person("越後 一郎", "子", "2007-06-01", Sex.MALE),
    person("越後 二郎", "子", "2011-06-01", Sex.MALE),
)
"""The employee of Niigata's published example, with spouse and two children."""


def carry_over(*persons: Person) -> CarryOverNotice:
    """A household that has lived here since 2020."""
    return CarryOverNotice(**handled(date(2020, 4, 1)), persons=persons or FAMILY, address=HOME)
