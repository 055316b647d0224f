"""As of (時点照会): how somebody stood on a day, as it was known at a time.

Two times matter: the effective date (異動日) on which a movement took place, and when the registry recorded it. Rows
that were recorded later are not known yet; of those known, cancelled movements never were; of the rest the last one
whose effective date has come holds. So the answer to "how did it stand on D, as known at T" never changes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from kumiai_contracts.resident import ResidentRow, Status

from kumiai_resident_registry.domain.history import standing

Known = Callable[[ResidentRow], bool]
"""Whether a row had been recorded by the time that is asked about."""


def known_by_day(day: date) -> Known:
    """What the registry had recorded by the end of a day."""
    return lambda row: row.processed_date <= day


def known_by_instant(instant: str, recorded: Mapping[str, str]) -> Known:
    """What the registry had recorded by an instant, of movements of which `recorded` says when; as events write it."""
    return lambda row: (at := recorded.get(row.movement)) is not None and at <= instant


def as_of(history: Sequence[ResidentRow], effective: date, known: Known) -> ResidentRow | None:
    """The row that held on a day; None if the person had not entered the record. A history in its order, whole."""
    told = [row for row in history if known(row)]
    held = [row for row in standing(told) if row.effective_date <= effective]
    return held[-1] if held else None


def living(histories: Iterable[Sequence[ResidentRow]], effective: date, known: Known) -> list[ResidentRow]:
    """Who of these people was on the live record on a day, by 宛名番号, each as he or she stood."""
    rows = (as_of(history, effective, known) for history in histories)
    found = [row for row in rows if row is not None and row.status is Status.RESIDENT]
    return sorted(found, key=lambda row: row.addressee_number)


def living_in(
    histories: Iterable[Sequence[ResidentRow]], household_number: str, effective: date, known: Known
) -> list[ResidentRow]:
    """Who was on the live record in a household on a day, of people who ever were in it, by 宛名番号."""
    return [row for row in living(histories, effective, known) if row.household_number == household_number]
