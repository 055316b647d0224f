"""Numbers that arrive in notices: opened, checked, sealed while the poll's state is loaded, stored at its end.

Invariant: the number in clear lives only inside `load`. The rules get verdicts; what they take is stored sealed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kumiai_common.database import Connection
from kumiai_common.queries import load as load_queries
from kumiai_common.tables import from_record
from kumiai_common.waiting import MustWait
from kumiai_contracts.addressees import MergeNotice, PartNotice
from kumiai_contracts.identifiers import has_check_digit, my_number_check_digit
from kumiai_contracts.my_number import HeldNumberRow, MyNumberNotice, MyNumberOfPerson

from kumiai_national_id_linkage.domain.my_number import Asked, HeldNumbers, Unusable, Usable, Verdict
from kumiai_national_id_linkage.vault.envelope import open_envelope
from kumiai_national_id_linkage.vault.key_management import KeyManagement
from kumiai_national_id_linkage.vault.municipality_keys import (
    KINDS,
    MunicipalityKeys,
    Sealed,
    WrappedKey,
    new_key,
    unwrapped,
)

QUERIES: Any = load_queries("kumiai_national_id_linkage.vault")
"""The vault's queries."""
AboutNumbers = MyNumberNotice | MergeNotice | PartNotice
"""The notices whose decision depends on the numbers that are held."""


@dataclass(slots=True)
class Arriving:
    """What the vault has ready for a municipality in case the rules take it."""

    new_keys: tuple[WrappedKey, ...] = ()
    """The municipality's first keys, if it had none."""
    sealed: dict[str, Sealed] = field(default_factory=dict)
    """By commitment."""


async def load(
    connection: Connection, management: KeyManagement, wanted: Mapping[str, Sequence[AboutNumbers]]
) -> dict[str, tuple[HeldNumbers, Arriving]]:
    """The numbers that these notices bring and those that are held of their people, by municipality.

    Raises MustWait, naming all whose keys are not at hand, or ValueError for a stored key that was changed.
    """
    bringing = {m: notices for m, items in wanted.items() if (notices := _bringing(items))}
    stored = await stored_keys(connection, bringing)
    arriving = {m: Arriving() for m in wanted}
    verdicts: dict[str, dict[Asked, Verdict]] = {m: {} for m in wanted}
    missing: list[MustWait] = []
    for municipality, notices in bringing.items():
        try:
            keys = _keys(municipality, stored.get(municipality), management, arriving[municipality])
        except MustWait as error:
            missing.append(error)
            continue
        for notice in notices:
            verdict = _verdict(municipality, notice, keys, management, arriving[municipality])
            verdicts[municipality][notice.addressee_number, notice.my_number] = verdict
    if missing:
        raise MustWait({m for error in missing for m in error.municipalities}, missing[0].why)
    held, marks = await _held(connection, wanted, verdicts)
    return {m: (HeldNumbers(verdicts[m], held[m], marks[m]), arriving[m]) for m in wanted}


def _keys(
    municipality: str, stored: Sequence[WrappedKey] | None, management: KeyManagement, arriving: Arriving
) -> MunicipalityKeys:
    """The municipality's keys, its first ones if it has none. Raises MustWait, or ValueError."""
    if stored is None:
        arriving.new_keys = tuple(new_key(municipality, kind, 1, management) for kind in KINDS)
    return unwrapped(municipality, stored or arriving.new_keys, management)


def _bringing(notices: Sequence[AboutNumbers]) -> list[MyNumberNotice]:
    return [notice for notice in notices if isinstance(notice, MyNumberNotice)]


async def keep(connection: Connection, taken: Mapping[str, tuple[HeldNumbers, Arriving]]) -> None:
    """Store what the rules took, and the first keys of whoever had none."""
    numbers = [(m, arriving.sealed[committed]) for m, (held, arriving) in taken.items() for committed in held.taken]
    if not numbers:
        return
    await save_keys(connection, [key for held, arriving in taken.values() if held.taken for key in arriving.new_keys])
    await QUERIES.save_numbers(
        connection,
        municipalities=[m for m, _ in numbers],
        commitments=[sealed.commitment for _, sealed in numbers],
        encrypted=[sealed.encrypted for _, sealed in numbers],
        data_keys=[sealed.data_key for _, sealed in numbers],
        marks=[sealed.mark for _, sealed in numbers],
        mark_keys=[sealed.mark_key for _, sealed in numbers],
    )


async def stored_keys(connection: Connection, municipalities: Iterable[str]) -> dict[str, list[WrappedKey]]:
    """The wrapped keys of municipalities that have any."""
    found: dict[str, list[WrappedKey]] = defaultdict(list)
    for record in await QUERIES.vault_keys(connection, municipalities=list(municipalities)):
        found[record["municipality"]].append(WrappedKey(**record))
    return found


async def save_keys(connection: Connection, keys: Sequence[WrappedKey]) -> None:
    """Store new keys."""
    await QUERIES.save_keys(
        connection,
        municipalities=[key.municipality for key in keys],
        kinds=[key.kind for key in keys],
        versions=[key.version for key in keys],
        wrapped_by=[key.wrapped_by for key in keys],
        wrapped=[key.wrapped for key in keys],
    )


def is_my_number(text: str) -> bool:
    """Whether a text is a 個人番号: twelve digits, the last of them its check digit."""
    return has_check_digit(text, 12, my_number_check_digit)


def _verdict(
    municipality: str, notice: MyNumberNotice, keys: MunicipalityKeys, management: KeyManagement, arriving: Arriving
) -> Verdict:
    opened = open_envelope(MyNumberOfPerson, notice.my_number, management)
    if isinstance(opened, Unusable):
        return opened
    if (opened.municipality, opened.addressee_number) != (municipality, notice.addressee_number):
        return Unusable("jwe-for-another")
    if not is_my_number(opened.my_number):
        return Unusable("number-check-digit-wrong")
    sealed = keys.seal(opened.my_number)
    arriving.sealed[sealed.commitment] = sealed
    return Usable(sealed.commitment, keys.marks(opened.my_number))


def _people(notice: AboutNumbers) -> Iterator[str]:
    yield notice.addressee_number
    if isinstance(notice, MergeNotice):
        yield notice.other


async def _held(
    connection: Connection,
    wanted: Mapping[str, Sequence[AboutNumbers]],
    verdicts: Mapping[str, Mapping[Asked, Verdict]],
) -> tuple[dict[str, list[HeldNumberRow]], dict[str, dict[bytes, str]]]:
    rows: dict[str, list[HeldNumberRow]] = defaultdict(list)
    marks: dict[str, dict[bytes, str]] = defaultdict(dict)
    people = [(m, person) for m, notices in wanted.items() for notice in notices for person in _people(notice)]
    for record in await QUERIES.held_of_people(
        connection, municipalities=[m for m, _ in people], addressee_numbers=[number for _, number in people]
    ):
        rows[record["municipality"]].append(from_record(HeldNumberRow, record))
    sought = [
        (m, mark)
        for m, found in verdicts.items()
        for verdict in found.values()
        if isinstance(verdict, Usable)
        for mark in verdict.marks
    ]
    for record in await QUERIES.held_by_marks(
        connection, municipalities=[m for m, _ in sought], marks=[mark for _, mark in sought]
    ):
        rows[record["municipality"]].append(from_record(HeldNumberRow, record))
        marks[record["municipality"]][record["mark"]] = record["commitment"]
    return rows, marks
