"""Valid examples of an own system's feed: Chiyoda's own registry hands in a family's move, and a snapshot after it."""

from datetime import date

from kumiai_contracts import own_system, resident_feed
from kumiai_contracts.chain import commitment
from kumiai_contracts.examples_resident import FATHER, HOUSEHOLD, MOTHER, example_row
from kumiai_contracts.model import Event, Notice
from kumiai_contracts.resident import HouseholdRow
from kumiai_contracts.resident_affairs import ProtectionRow

_SALT = "2f" * 32
_HOME = '{"prefecture":"東京都","municipality":"千代田区","town":"神田駿河台二丁目","number":"1番3号","building":""}'


def feed() -> tuple[Event | Notice, ...]:
    """One of each."""
    address = commitment(bytes.fromhex(_SALT), _HOME.encode())
    rows = tuple(
        example_row(number, address=address, previous_address=None, movement="") for number in (FATHER, MOTHER)
    )
    part = resident_feed.FeedPart(name="address", salt=_SALT, part=_HOME)
    household = HouseholdRow(household_number=HOUSEHOLD, head=FATHER, members=(FATHER, MOTHER))
    protection = ProtectionRow(
        addressee_number=MOTHER,
        state="provisional",
        applied_on=date(2026, 5, 11),
        starts_on=None,
        ends_on=None,
        ended_on=None,
        together_with=(),
    )
    own = own_system.OwnSystemRow(service="resident-registry", active=True, changed_at="2026-04-01T00:00:03.118204Z")
    return (
        own_system.OwnSystemBegun(own_system=own),
        own_system.OwnSystemEnded(own_system=own.model_copy(update={"active": False})),
        resident_feed.FeedEventNotice(
            sequence=417,
            event_type="resident.moved-in.v1",
            event=resident_feed.FedMovement(residents=rows, households=(household,)),
            parts=(part,),
        ),
        resident_feed.FeedProtectionNotice(sequence=418, protections=(protection,)),
        resident_feed.snapshot(418, rows),
    )
