"""A valid example of every type about 個人番号, of the same family in Chiyoda."""

from kumiai_contracts import my_number
from kumiai_contracts.examples_resident import FATHER
from kumiai_contracts.identifiers import addressee_check_digit, with_check_digit
from kumiai_contracts.model import Event, Notice

# Five parts as every JWE has; nobody holds the key of this one.
_JWE = (
    "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyIsImVuYyI6IkEyNTZHQ00iLCJraWQiOiJyLTIwMjYtMDQifQ."
    "l1xK7c2mP0vT9aQeR4uYhWzB8nD3sF6g.q5Jk2LmN8pRsTuVw.Xy7ZaBcDeFgHiJkLmNoPqRsTuVwXyZ01.aB3dE5gH7jK9mN1pQ3sT5w"
)


HELD = my_number.HeldNumberRow(
    commitment="5d1096c2b3a4f7e85061728394a5b6c7d8e9f0a1b2c3d4e59f3c1d0b7a62e84f",
    integrated_addressee_number=with_check_digit(f"{1041:014}", addressee_check_digit),
    state="current",
)


def my_numbers() -> tuple[Event | Notice, ...]:
    """One example of each type."""
    return (
        my_number.MyNumberNotice(
            addressee_number=FATHER, reason="assigned", my_number=_JWE, place="本庁", operator="juki-0417"
        ),
        my_number.MyNumberHeld(held_numbers=(HELD,)),
    )
