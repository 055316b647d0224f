"""Fixtures for tests on the real stack: one Kafka, one PostgreSQL and one federation for the whole session.

Tests share them by municipality: each takes municipality codes that no other test uses, and nothing is restarted
between tests. A stack that does not start fails the tests; nothing is skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest

from kumiai_local.addresses import StackAddresses
from kumiai_local.choose import new_stack
from kumiai_local.layout import Layout, checkout
from kumiai_local.ownership import owner
from kumiai_local.service_processes import ServiceProcesses
from kumiai_local.stack import Stack


def fresh_test_layout() -> Layout:
    """An empty `.local/test/<session>/<n>`: the first number that is free in this session, which may have a name."""
    folder = checkout() / ".local" / "test" / os.environ.get("KUMIAI_TEST_SESSION", "any")
    for number in count(1):
        layout = Layout(folder / str(number))
        if owner(layout) is None:
            return layout
    raise AssertionError("unreachable: the numbers do not end")


@pytest.fixture(scope="session")
def test_layout() -> Layout:
    """The folder of this session's stack."""
    return fresh_test_layout()


@pytest.fixture(scope="session")
def stack(test_layout: Layout) -> Iterator[Stack]:
    """A running stack with the services' databases, tables, roles, broker users and keys; data of earlier sessions is
    gone.
    """
    with new_stack(test_layout, fresh=True, prepared=True) as running:
        yield running


@pytest.fixture(scope="session")
def addresses(stack: Stack) -> StackAddresses:
    """Where the session's stack is reached."""
    return stack.addresses


@pytest.fixture(scope="session")
def federation(stack: Stack, test_layout: Layout) -> Iterator[ServiceProcesses]:
    """The four services as processes; a test that disturbs one leaves it running and ready again."""
    with ServiceProcesses(stack.addresses, test_layout, prepared=True) as services:
        yield services


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need no running federation come first: the services at work would join in what a test does alone."""
    items.sort(key=lambda item: "federation" in getattr(item, "fixturenames", ()))
