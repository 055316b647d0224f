"""As of D, as known at T, from the real tables with row-level security: what a second fold of the log says, too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kumiai_common.database import Connection
from kumiai_resident_registry.domain.address_key import beginning_of_key
from kumiai_resident_registry.looking_back import Moment, address_at, history_of, household_at, person_at
from kumiai_resident_registry.name_index import index
from random_lives import START, lives
from registry_in_memory import AWAY, HOME, Registry, cancel, change_address
from registry_on_postgres import HERE, counted, save, save_log
from second_fold import SecondFold, last_receipt

pytestmark = pytest.mark.stack
DAYS = st.integers(-1, 40).map(lambda n: START + timedelta(days=n))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives(), st.data())
async def test_the_tables_answer_as_a_fold_of_the_log_does(
    connection: Connection, registry: Registry, data: st.DataObject
) -> None:
    issued = st.sampled_from(sorted(registry.times.values()))
    async with rolled_back(connection):
        await save(connection, HERE, registry)
        await save_log(connection, HERE, registry)
        await index(connection, HERE, 0, len(registry.events))
        for known in (data.draw(DAYS), data.draw(issued)):
            await compare(connection, registry, data.draw(DAYS), known)
        for text in ("2026-01", "2026-02"):
            table = await counted(connection, text)
            assert (
                table["opening"] + sum(table["entries"].values()) - sum(table["removals"].values()) == table["closing"]
            )
            assert table["adds_up"]


async def compare(connection: Connection, registry: Registry, day: date, known: date | str) -> None:
    """Everybody, every household and every address, from the tables and from the log."""
    fold = SecondFold(registry, last_receipt(registry, known))
    moment = Moment(day, datetime.fromisoformat(known) if isinstance(known, str) else known)
    for row in registry.state.people():
        history = await history_of(connection, HERE, row.addressee_number)
        assert await person_at(connection, HERE, history, moment) == fold.person(row.addressee_number, day)
    for household in registry.state.households():
        members = await household_at(connection, HERE, household.household_number, moment)
        assert members is not None
        assert [row.addressee_number for row in members] == fold.household(household.household_number, day)
    for address in (HOME, AWAY):
        key, found, after = beginning_of_key(address.town), list[str](), ""
        while True:
            page = await address_at(connection, HERE, key, moment, after=after, limit=2)
            found += [row.addressee_number for row in page.residents]
            if page.after is None:
                break
            after = page.after
        assert found == fold.at(address.town, day)


async def test_a_movement_in_the_middle_of_a_chain_is_refused_or_taken_back_and_the_past_stays_known(
    connection: Connection,
) -> None:
    registry = Registry()
    registry.today = START
    (head,) = registry.family("世帯主", since=START - timedelta(days=9))
    for n in (1, 2, 3):
        registry.today = START + timedelta(days=n)
        day = {"effective": registry.today, "notified": registry.today}
        registry.accept(change_address(head, **day))
    registry.today = last = START + timedelta(days=4)
    when = {"effective": last, "notified": last}
    assert registry.refuse(cancel(head, 3, **when)) == {("history-number-not-current", "/history_number")}
    registry.accept(cancel(head, 4, **when))
    registry.accept(cancel(head, 3, **when))
    async with rolled_back(connection):
        await save(connection, HERE, registry)
        await save_log(connection, HERE, registry)
        history = await history_of(connection, HERE, head)
        before = await person_at(connection, HERE, history, Moment(last, last - timedelta(days=1)))
        after = await person_at(connection, HERE, history, Moment(last, last))
        assert before is not None and after is not None
        assert (before.history_number, after.history_number) == (4, 2)


@asynccontextmanager
async def rolled_back(connection: Connection) -> AsyncIterator[None]:
    """What happens inside never happened."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
