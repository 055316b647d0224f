"""Parameters by HTTP: a municipality's system sets its own, or an operator does; an operator sees everybody's."""

from kumiai_common.clock import day_in_japan, now
from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import Caller, authorise
from kumiai_common.http.problems import Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_contracts.decision import Decision
from kumiai_contracts.membership import MemberRow, Role
from kumiai_contracts.model import RowSet
from kumiai_contracts.parameter_catalogue import shown
from kumiai_contracts.parameters import ParameterRow, ParametersSet
from kumiai_contracts.strict_json import StrictJsonError, parse_strictly
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_membership import store
from kumiai_membership.answers import accepted, no_member
from kumiai_membership.bodies import ParametersBody
from kumiai_membership.commands import Commands
from kumiai_membership.domain.parameters import Wanted, set_parameters

_READERS = (Role.SYSTEM, Role.CLERK, Role.OPERATOR)
_WRITERS = (Role.SYSTEM, Role.OPERATOR)


class ParameterRoutes:
    """The handlers for parameters."""

    def __init__(self, database: Database, commands: Commands) -> None:
        self._database = database
        self._commands = commands

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        one = "/v1/members/{municipality}/parameters"
        return [
            Route("/v1/parameters", self.everybody),
            Route(one, self.show),
            Route(one, self.set, methods=["POST"]),
        ]

    async def everybody(self, request: Request) -> Response:
        """Every member's settings: who differs from the standard follows from them and from the catalogue."""
        await authorise(request, None, purpose=None, roles=(Role.OPERATOR,))
        return answer({"members": await store.settings(self._database)})

    async def show(self, request: Request) -> Response:
        """One member's settings, every one that was ever made."""
        municipality, _ = await _allowed(request, _READERS)
        state = await self._commands.state(municipality)
        if state.get(MemberRow) is None:
            raise no_member(municipality)
        return answer({"municipality": municipality, "parameters": [shown(row) for row in state.all(ParameterRow)]})

    async def set(self, request: Request) -> Response:
        """パラメータ設定: all of what the body holds, or none; repeating it changes nothing."""
        municipality, caller = await _allowed(request, _WRITERS)
        wanted, late = _asked(await request.body())
        by, day = f"{caller.municipality}/{caller.party}", day_in_japan(now())

        def rule(state: RowSet, time: str) -> Decision:
            return set_parameters(state, wanted, late, by, day, time)

        decision = accepted(await self._commands.run(municipality, rule))
        rows = [row for event in decision.events if isinstance(event, ParametersSet) for row in event.parameters]
        return answer({"municipality": municipality, "changed": bool(rows), "parameters": [shown(row) for row in rows]})


def _asked(body: bytes) -> tuple[list[Wanted], bool]:
    try:
        parse_strictly(body)
    except StrictJsonError as error:
        raise Problem(problems.BODY_INVALID, str(error)) from None
    asked = ParametersBody.model_validate_json(body)
    return [Wanted(each.service, each.name, each.value, each.valid_from, each.reason) for each in asked.parameters], (
        asked.late
    )


async def _allowed(request: Request, roles: tuple[Role, ...]) -> tuple[str, Caller]:
    municipality = municipality_of(request)
    return municipality, await authorise(request, municipality, purpose=None, roles=roles)
