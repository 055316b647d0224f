"""The planted bugs: in which service each does harm, what has to happen for it, and as what the checker sees it.

To code without the bug the same may happen and nothing is wrong in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kumiai_contracts.topics import events_topic
from kumiai_demo.findings import Finding, Kind
from kumiai_demo.message import Message
from kumiai_local.addresses import StackAddresses
from kumiai_local.layout import Layout
from kumiai_local.services import Service
from kumiai_local.worker import Worker

from tests.support.family import NEXT_HOME, carry_over
from tests.support.faults import dead_at, end_sessions, forget, held_back, lose_tail, superuser, until
from tests.support.operator import LINKAGE, REGISTRY, Operator
from tests.support.system import System

WAITS_S = 10.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A municipality with something on record, and the service that has a bug, or has none."""

    system: System
    neighbour: System
    """Another municipality's system, of another lane: to it nothing must happen."""
    worker: Worker
    env: Mapping[str, str]
    """What the worker is started with besides; nothing where the code is as it is."""
    addresses: StackAddresses
    layout: Layout
    operator: Operator

    @property
    def code(self) -> str:
        """The municipality."""
        return self.system.member.code

    @property
    def service(self) -> Service:
        """The service with the bug."""
        return self.worker.settings.service

    async def begin(self) -> None:
        """Have the service run on the code with the bug."""
        if self.env:
            await asyncio.to_thread(self.worker.stop)
            await self.go_on()

    async def go_on(self) -> None:
        """Start the stopped service again."""
        self.worker.start(self.env)
        await asyncio.to_thread(self.worker.wait_ready)

    async def die(self, point: str) -> None:
        """Let the service die at a point over a notice that has come while it was away."""
        await asyncio.to_thread(self.worker.stop)
        await self.send()
        await dead_at(self.worker, self.layout, point, extra_env=self.env)
        await asyncio.to_thread(forget, self.addresses, self.service)

    async def send(self, message: Message | None = None) -> None:
        """Send a notice to the registry, which Kafka then has: of another household if no other message is given."""
        await self.system.post.send(message or self.system.message(carry_over()))


async def _dies_before_it_sends(scene: Scene) -> None:
    await scene.die("before-send")


async def _dies_before_it_commits(scene: Scene) -> None:
    await scene.die("before-commit")


async def _dies_after_it_commits(scene: Scene) -> None:
    await scene.die("after-commit")


async def _hears_it_twice(scene: Scene) -> None:
    await scene.begin()
    message = scene.system.message(carry_over())
    await scene.system.send(message)
    await scene.send(message)


async def _loses_its_database_session(scene: Scene) -> None:
    await scene.begin()
    with held_back(scene.addresses, scene.service, scene.code) as waiting:
        await scene.send()
        await until(lambda: bool(waiting()), WAITS_S, "no poll has come to its end")
        end_sessions(scene.addresses, scene.service, waiting())
    await scene.system.tell(carry_over())


async def _sleeps_while_a_tail_is_lost(scene: Scene) -> None:
    await scene.operator.complete(scene.system.member)
    await asyncio.to_thread(scene.worker.stop)
    for _ in range(2):
        await scene.system.tell(carry_over())
    await asyncio.to_thread(lose_tail, scene.addresses, events_topic(scene.code, "resident"))
    await scene.system.tell(carry_over())
    await scene.go_on()
    await scene.operator.complete(scene.system.member)


async def _two_write_at_once(scene: Scene) -> None:
    await scene.begin()
    with held_back(scene.addresses, scene.service, scene.code) as waiting:
        await scene.send()
        await until(lambda: len(waiting()) == 1, WAITS_S, "no poll has come to its end")
        other = carry_over().model_copy(update={"address": NEXT_HOME})
        second = asyncio.create_task(scene.system.tell_by_http(other))
        await until(lambda: len(waiting()) == 2, WAITS_S, "nobody waits for the first writer")
    await second
    await scene.system.tell(carry_over())


async def _commits_later_than_it_began(scene: Scene) -> None:
    await scene.begin()
    with held_back(scene.addresses, scene.service, scene.code) as waiting:
        await scene.send()
        await until(lambda: bool(waiting()), WAITS_S, "no poll has come to its end")
        await scene.neighbour.tell(carry_over())
        await until(lambda: _published(scene), WAITS_S, "the neighbour's events are not published")
    await asyncio.sleep(1)
    await scene.system.tell(carry_over())


def _published(scene: Scene) -> bool:
    """Whether the relay has advanced to the neighbour's heads."""
    with superuser(scene.addresses, scene.service) as connection:
        left = connection.execute(
            "select from stream_head h left join relay_position r using (municipality, stream)"
            " where h.municipality = %s and h.position > coalesce(r.position, 0)",
            (scene.neighbour.member.code,),
        )
        return not left.rowcount


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug by the name of its patch."""

    name: str
    service: str
    provoke: Callable[[Scene], Awaitable[None]]
    seen: tuple[tuple[Kind, str], ...]
    """The findings that it must lead to, each by its kind and words of it. None where another defence stands behind
    what the bug takes away: then nothing at all may be found."""
    env: Mapping[str, str] = field(default_factory=dict)

    def seen_in(self, found: Sequence[Finding]) -> bool:
        """Whether what was found is what the bug must lead to."""
        if not self.seen:
            return not found
        return all(any(f.kind == kind and words in f.what for f in found) for kind, words in self.seen)


_NO_RECEIPT: tuple[Kind, str] = ("lost", "no receipt")
_UNNAMED: tuple[Kind, str] = ("doubled", "a person whom no receipt named")
_NO_NUMBER: tuple[Kind, str] = ("lost", "no integrated addressee number")
_RARELY = {"KUMIAI_HEAD_POLL_SECONDS": "60"}
"""Asked for heads often, a reader would find out by itself what it lacks before it skips it."""

BUGS = (
    Bug("relay-advanced-before-send", REGISTRY, _dies_before_it_sends, (_NO_RECEIPT, _UNNAMED)),
    Bug("offset-outside-the-transaction", REGISTRY, _dies_before_it_commits, (_NO_RECEIPT,)),
    Bug("missing-inbox-row", REGISTRY, _hears_it_twice, (("doubled", "2 receipts that are not the same"), _UNNAMED)),
    Bug("swallowed-exception", REGISTRY, _loses_its_database_session, (_NO_RECEIPT,)),
    Bug("relay-by-id-order", REGISTRY, _commits_later_than_it_began, (_NO_RECEIPT, ("unexpected", ": position"))),
    Bug("lost-head-lock", REGISTRY, _two_write_at_once, (_NO_RECEIPT, ("unexpected", "does not fit"))),
    Bug("commit-before-effect", LINKAGE, _dies_before_it_commits, (_NO_NUMBER,)),
    Bug(
        "skipped-gap-check",
        LINKAGE,
        _sleeps_while_a_tail_is_lost,
        (_NO_NUMBER, ("unexpected", "its replica of resident")),
        _RARELY,
    ),
)
"""Each of these does harm."""

HARMLESS = (
    Bug("offset-after-the-transaction", REGISTRY, _dies_after_it_commits, ()),
    Bug("no-head-lock-alone", REGISTRY, _two_write_at_once, ()),
    Bug("no-comparison-of-positions-alone", LINKAGE, _sleeps_while_a_tail_is_lost, (), _RARELY),
)
"""What these take away is not the last defence."""

ELSEWHERE = ("closes-before-it-has-settled",)
"""Planted by tests of what the checker doesn't look at: `tests/leaving`."""
