"""The movements (異動) of a working day, each a script about one household."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from random import Random
from typing import Any

from kumiai_contracts.resident import (
    BirthNotice,
    CancelMovementNotice,
    ChangeOfAddressNotice,
    ChangeOfHeadNotice,
    DeathNotice,
    MoveInNotice,
    MoveOutNotice,
    Sex,
)
from kumiai_contracts.resident_households import ChangeOfHouseholdNotice, HouseholdMergeNotice, HouseholdSplitNotice

from kumiai_demo.addresses import address_abroad, address_elsewhere, address_in
from kumiai_demo.names import family_name
from kumiai_demo.population import HEAD, Household, age_on, household, person
from kumiai_demo.script import Desk, Draft, Home, Script

OFFICES = ("本庁 市民課", "東支所", "西支所", "北出張所")
ADULT = 18


@dataclass(frozen=True, slots=True)
class Office:
    """What the scripts of a day share."""

    code: str
    rng: Random
    today: date
    cases: "count[int]"

    def desk(self) -> Desk:
        """The desk for the next case."""
        return Desk(self.rng.choice(OFFICES), f"terminal-{self.rng.randint(1, 12):02}/{next(self.cases):06}")

    def lately(self) -> date:
        """異動日 within the fourteen days in which one has to notify a movement, and not before this year's start."""
        return max(self.today - timedelta(days=self.rng.randint(0, 12)), date(self.today.year, 1, 1))


Movement = Callable[[Office, Home], Script]


def move_in(office: Office, _: Home) -> Script:
    """転入: a household from elsewhere, now and then with a child born right after."""
    arriving = household(office.rng, office.code)
    people = arriving.members
    learned = yield Draft(moving_in(office, arriving), wait=True)
    if learned is not None and len(people) > 1 and office.rng.random() < 0.25:
        yield from birth(office, Home.of(people, arriving.address, learned))


def moving_in(office: Office, arriving: Household) -> MoveInNotice:
    """The notice (転入届) of a household that arrives from elsewhere."""
    domestic = office.rng.random() < 0.88
    return MoveInNotice(
        **_common(office, office.lately()),
        origin="domestic" if domestic else "abroad",
        persons=arriving.members,
        address=arriving.address,
        previous_address=address_elsewhere(office.rng, office.code)[1] if domestic else address_abroad(office.rng),
    )


def join(office: Office, home: Home) -> Script:
    """転入 into a household that exists."""
    newcomer = person(
        office.rng,
        family_name(office.rng),
        office.rng.choice(list(Sex)),
        office.today.replace(day=1) - timedelta(days=365 * office.rng.randint(20, 45)),
        "同居人",
    )
    yield Draft(
        MoveInNotice(
            **_common(office, office.lately()),
            origin="domestic",
            persons=(newcomer,),
            household_number=home.household_number,
            address=home.address,
            previous_address=address_elsewhere(office.rng, office.code)[1],
        )
    )


def birth(office: Office, home: Home) -> Script:
    """出生: a child of the household's head."""
    family = home.people[0].name.partition("\u3000")[0]
    kana = home.people[0].name_kana.partition("\u3000")[0]
    born = office.today - timedelta(days=office.rng.randint(0, 6))
    sex = office.rng.choice(list(Sex))
    named = person(office.rng, family_name(office.rng), sex, born, "子")
    child = named.model_copy(
        update={
            "name": f"{family}\u3000{named.name.partition(chr(0x3000))[2]}",
            "name_kana": f"{kana}\u3000{named.name_kana.partition(chr(0x3000))[2]}",
        }
    )
    yield Draft(BirthNotice(**_common(office, born), child=child, household_number=home.household_number))


def move_out(office: Office, home: Home) -> Script:
    """転出 of the whole household, sometimes planned for a later day, sometimes taken back."""
    yield _moving_out(office, home.numbers)
    if office.rng.random() < 0.15:
        yield _cancelling(office, home.numbers[0], 2)


def leave_home(office: Office, home: Home) -> Script:
    """転出 of one grown member who is not the head."""
    grown = [
        number
        for number, someone in zip(home.numbers[1:], home.people[1:], strict=True)
        if age_on(someone, office.today) >= ADULT
    ]
    if grown:
        yield _moving_out(office, (office.rng.choice(grown),))


def death(office: Office, home: Home) -> Script:
    """死亡 of the eldest; where several others are left without a head, they name one."""
    eldest = min(range(len(home.people)), key=lambda n: home.people[n].birth_date)
    yield Draft(DeathNotice(**_common(office, office.lately()), addressee_number=home.numbers[eldest]))
    others = [n for n in range(len(home.people)) if n != eldest]
    if eldest == 0 and len(others) > 1:
        yield _naming_head(office, home, others, min(others, key=lambda n: home.people[n].birth_date))


def change_address(office: Office, home: Home) -> Script:
    """転居 of the whole household, sometimes twice and sometimes taken back."""
    yield _moving_within(office, home.numbers, office.lately())
    chance = office.rng.random()
    if chance < 0.2:
        yield _cancelling(office, home.numbers[0], 2)
    elif chance < 0.5:
        yield _moving_within(office, home.numbers, office.today)


def own_household(office: Office, home: Home) -> Script:
    """転居 of one grown member, who then has a household of his or her own."""
    for number, someone in zip(home.numbers[1:], home.people[1:], strict=True):
        if age_on(someone, office.today) >= ADULT:
            yield _moving_within(office, (number,), office.lately())
            return


def change_head(office: Office, home: Home) -> Script:
    """世帯主変更 to the next grown member."""
    everybody = list(range(len(home.people)))
    grown = [n for n in everybody[1:] if age_on(home.people[n], office.today) >= ADULT]
    if grown:
        yield _naming_head(office, home, everybody, grown[0])


def part(office: Office, home: Home) -> Script:
    """世帯分離 of one grown member at the same address; then another joins that household, or both become one again."""
    others = [n for n, someone in enumerate(home.people) if n and age_on(someone, office.today) >= ADULT]
    if not others:
        return
    parted = home.numbers[others[0]]
    split = HouseholdSplitNotice(**_common(office, office.today), addressee_numbers=(parted,))
    learned = yield Draft(split, wait=True)
    if learned is None or learned.household_number is None:
        return
    chance = office.rng.random()
    if chance < 0.4 and len(others) > 1:
        joining = home.numbers[others[1]]
        yield Draft(
            ChangeOfHouseholdNotice(
                **_common(office, office.today),
                addressee_numbers=(joining,),
                household_number=learned.household_number,
                relationships={joining: "縁故者"},
            )
        )
    elif chance < 0.7:
        yield Draft(
            HouseholdMergeNotice(
                **_common(office, office.today),
                household_number=home.household_number,
                merged_household_number=learned.household_number,
                relationships={parted: "縁故者"},
            )
        )


MOVEMENTS: tuple[tuple[Movement, float], ...] = (
    (move_in, 0.26),
    (join, 0.04),
    (birth, 0.07),
    (move_out, 0.14),
    (leave_home, 0.08),
    (death, 0.09),
    (change_address, 0.15),
    (own_household, 0.05),
    (change_head, 0.06),
    (part, 0.06),
)
"""The movements of a day with their shares: our choice, near what a city hall sees in spring."""


def movement(office: Office, home: Home) -> Script:
    """One movement of a household, by its share."""
    chosen = office.rng.choices([kind for kind, _ in MOVEMENTS], weights=[share for _, share in MOVEMENTS])[0]
    return chosen(office, home)


def _moving_out(office: Office, numbers: tuple[str, ...]) -> Draft:
    domestic = office.rng.random() < 0.9
    code, elsewhere = address_elsewhere(office.rng, office.code)
    day = office.today + timedelta(days=office.rng.randint(1, 20)) if office.rng.random() < 0.4 else office.lately()
    return Draft(
        MoveOutNotice(
            **_common(office, day),
            addressee_numbers=numbers,
            destination="domestic" if domestic else "abroad",
            destination_address=elsewhere if domestic else address_abroad(office.rng),
            destination_municipality=code if domestic else None,
        )
    )


def _moving_within(office: Office, numbers: tuple[str, ...], day: date) -> Draft:
    return Draft(
        ChangeOfAddressNotice(
            **_common(office, day), addressee_numbers=numbers, address=address_in(office.rng, office.code)
        )
    )


def _naming_head(office: Office, home: Home, staying: list[int], head: int) -> Draft:
    return Draft(
        ChangeOfHeadNotice(
            **_common(office, office.today),
            household_number=home.household_number,
            head=home.numbers[head],
            relationships={home.numbers[n]: HEAD if n == head else "縁故者" for n in staying},
        )
    )


def _cancelling(office: Office, number: str, history_number: int) -> Draft:
    return Draft(
        CancelMovementNotice(**_common(office, office.today), addressee_number=number, history_number=history_number)
    )


def _common(office: Office, day: date) -> dict[str, Any]:
    desk = office.desk()
    return {
        "effective_date": day,
        "notified_date": office.today,
        "place": desk.place,
        "operator": desk.operator,
    }
