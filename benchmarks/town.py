"""A municipality's working days as notices: households enter, and then things happen to them.

The registry gives its numbers in order, and nobody else sends for this municipality. So the numbers are known before
they are given, every notice is accepted, and each causes exactly one event of the stream `resident`.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.resident import (
    Address,
    BirthNotice,
    CarryOverNotice,
    ChangeOfAddressNotice,
    DeathNotice,
    MoveInNotice,
    MoveOutNotice,
    Person,
    ResidentNotice,
    Sex,
)

Record = tuple[list[tuple[str, bytes]], bytes]
"""Headers and body of a Kafka record."""

FIRST_HOUSEHOLDS = 20
"""So many households are carried over before anything else happens."""
MIX = {"move-in": 35, "change-of-address": 25, "move-out": 20, "birth": 10, "death": 10}
"""Of a hundred notices of a working day; about as many people leave as come."""
_NAMES = (
    ("佐藤 陽菜", "サトウ ヒナ"),
    ("鈴木 蓮", "スズキ レン"),
    ("髙橋 結衣", "タカハシ ユイ"),
    ("渡邉 湊", "ワタナベ ミナト"),
)
_FAMILY = ("世帯主", "妻", "子", "子")


class Town:
    """The sender's own knowledge of a municipality."""

    def __init__(self, municipality: str, seed: int = 1) -> None:
        """Two towns of the same code and seed send the same notices."""
        self.municipality = municipality
        self._random = Random(f"{municipality}/{seed}")
        self._households: list[tuple[str, list[str]]] = []
        self._people = self._numbers = self.sent = 0
        self._today = datetime.now(UTC).date() - timedelta(days=1)

    def records(self, count: int) -> list[Record]:
        """The next so many notices, as they stand in Kafka."""
        return [self._record(self._next()) for _ in range(count)]

    def _record(self, notice: ResidentNotice) -> Record:
        self.sent += 1
        envelope = NoticeEnvelope(
            id=f"{self.sent:08d}",
            source=f"urn:benchmark:{self.municipality}",
            type=notice.type,
            municipality=self.municipality,
            time=datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            dataschema=notice.dataschema(),
        )
        return envelope.headers(), notice.body()

    def _next(self) -> ResidentNotice:
        if self.sent < FIRST_HOUSEHOLDS:
            persons = self._enter()
            return CarryOverNotice(**self._common(date(2020, 4, 1)), persons=persons, address=self._address())
        match self._random.choices(list(MIX), list(MIX.values()))[0]:
            case "change-of-address":
                _, members = self._random.choice(self._households)
                return ChangeOfAddressNotice(
                    **self._common(), addressee_numbers=tuple(members), address=self._address()
                )
            case "move-out" if len(self._households) > 1:
                return self._move_out()
            case "birth":
                return self._birth()
            case "death" if len(self._households) > 1:
                return self._death()
        return MoveInNotice(
            **self._common(),
            origin="domestic",
            persons=self._enter(),
            address=self._address(),
            previous_address=self._address(),
        )

    def _enter(self) -> tuple[Person, ...]:
        size = self._random.choices((1, 2, 3, 4), (55, 25, 12, 8))[0]
        self._numbers += 1
        self._households.append((_number(self._numbers), [self._new_person() for _ in range(size)]))
        year = self._random.randint(1940, 1990)
        return tuple(
            self._person(relationship, f"{year + 25 * (relationship == '子')}-{self._day_of_year()}")
            for relationship in _FAMILY[:size]
        )

    def _day_of_year(self) -> str:
        """People are born on any day: who has somebody's name and birth is looked into."""
        return f"{self._random.randint(1, 12):02}-{self._random.randint(1, 28):02}"

    def _move_out(self) -> MoveOutNotice:
        _, members = self._households.pop(self._random.randrange(len(self._households)))
        return MoveOutNotice(
            **self._common(),
            addressee_numbers=tuple(members),
            destination="domestic",
            destination_address=self._address(),
        )

    def _birth(self) -> BirthNotice:
        household_number, members = self._random.choice(self._households)
        members.append(self._new_person())
        return BirthNotice(
            **self._common(), child=self._person("子", self._today.isoformat()), household_number=household_number
        )

    def _death(self) -> DeathNotice:
        n = self._random.randrange(len(self._households))
        _, members = self._households[n]
        number = members.pop()  # the head only if there is nobody else
        if not members:
            self._households.pop(n)
        return DeathNotice(**self._common(), addressee_number=number)

    def _new_person(self) -> str:
        self._people += 1
        return _number(self._people)

    def _person(self, relationship: str, birth_date: str) -> Person:
        name, kana = self._random.choice(_NAMES)
        sex = self._random.choice((Sex.FEMALE, Sex.MALE))
        return Person(name=name, name_kana=kana, birth_date=birth_date, sex=sex, relationship=relationship)

    def _address(self) -> Address:
        number = f"{self._random.randint(1, 9)}番{self._random.randint(1, 30)}号"
        return Address(prefecture="東京都", municipality="千代田区", town="九段南一丁目", number=number)

    def _common(self, effective: date | None = None) -> dict[str, Any]:
        return {
            "effective_date": effective or self._today,
            "notified_date": self._today,
            "place": "住民課窓口",
            "operator": "clerk-07",
        }


def _number(n: int) -> str:
    return with_check_digit(f"{n:09d}", addressee_check_digit)
