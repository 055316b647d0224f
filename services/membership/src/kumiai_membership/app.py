"""Membership as the ground sees it, and how its parts are put together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NoReturn

import structlog
from confluent_kafka import KafkaException
from kumiai_common.database import TRANSIENT, Connection
from kumiai_common.service import Ground
from kumiai_contracts.decision import Context, Decision
from kumiai_contracts.model import Event, Notice, RowSet
from kumiai_contracts.topics import FEDERATION
from starlette.routing import BaseRoute

from kumiai_membership.commands import Commands
from kumiai_membership.leaving import Leaving
from kumiai_membership.leaving_kafka import LeavingKafka
from kumiai_membership.leaving_routes import LeavingRoutes
from kumiai_membership.merger_routes import MergerRoutes
from kumiai_membership.parameter_routes import ParameterRoutes
from kumiai_membership.provisioning import Provisioning
from kumiai_membership.reconciling import Reconciling
from kumiai_membership.routes import MemberRoutes
from kumiai_membership.settings import MembershipSettings
from kumiai_membership.tokens import TokenRoute

_LOG = structlog.get_logger()
RETRY_SECONDS = 2.0


class Membership:
    """加入: commands come by HTTP alone, so the ground never asks for a decision, and nothing foreign is read."""

    name = "membership"
    reacts_to: frozenset[type[Event]] = frozenset()

    def __init__(self) -> None:
        self._settings = MembershipSettings()
        self._commands: Commands | None = None
        self._reconciling: Reconciling | None = None
        self._leaving: Leaving | None = None

    async def load(
        self, connection: Connection, wanted: Mapping[str, Sequence[Notice | Event]]
    ) -> Mapping[str, RowSet]:
        """Nothing: no notice and no event ever asks for a state."""
        return {municipality: RowSet() for municipality in wanted}

    def decide(self, state: object, notice: Notice, context: Context) -> Decision:
        """Never called: no notice type belongs to membership."""
        raise TypeError(type(notice).__name__)

    def react(self, state: object, event: Event, context: Context) -> Sequence[Event]:
        """Never called: membership reads no stream."""
        raise TypeError(type(event).__name__)

    def routes(self, ground: Ground) -> list[BaseRoute]:
        """The service's own routes."""
        provisioning = Provisioning(ground.settings)
        self._commands = Commands(ground)
        self._reconciling = Reconciling(ground.database, provisioning)
        self._leaving = Leaving(ground, self._commands, self._reconciling, LeavingKafka(provisioning), self._settings)
        members = MemberRoutes(ground.database, self._commands, self._reconciling)
        leaves = LeavingRoutes(self._commands, self._leaving, self._settings)
        mergers = MergerRoutes(self._commands)
        parameters = ParameterRoutes(ground.database, self._commands)
        return [
            *members.routes(),
            *leaves.routes(),
            *parameters.routes(),
            *mergers.routes(),
            *TokenRoute(ground).routes(),
        ]

    async def keep_leaving(self, ground: Ground) -> NoReturn:
        """Take every leave under way as far as it goes by itself."""
        assert self._leaving is not None  # made with the routes, which come first
        await self._leaving.run()

    async def keep_kafka_right(self, ground: Ground) -> NoReturn:
        """At start: the first operators, and whatever a crash left undone in Kafka. Then from time to time again."""
        commands = self._commands or Commands(ground)
        reconciling = self._reconciling or Reconciling(ground.database, Provisioning(ground.settings))
        begun = False
        while True:
            try:
                if not begun:
                    await reconciling.prepare(FEDERATION)
                    await commands.register_first_operators(self._settings.operator_keys_dir)
                    begun = True
                await reconciling.all()
                await reconciling.until_unfinished(self._settings.reconcile_seconds)
            except (KafkaException, *TRANSIENT) as error:
                _LOG.warning("topics and rights not checked", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
