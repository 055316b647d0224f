"""Mergers by HTTP: an operator says which member takes over which, and when that is done."""

from kumiai_common.clock import day_in_japan, now
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.problems import Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_contracts.decision import Decision
from kumiai_contracts.identifiers import has_check_digit, local_government_check_digit
from kumiai_contracts.membership import Role
from kumiai_contracts.merging import MergerRow
from kumiai_contracts.model import RowSet
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_membership.answers import accepted
from kumiai_membership.bodies import MergerBody, MergerCountsBody
from kumiai_membership.commands import Commands
from kumiai_membership.domain import merging


class MergerRoutes:
    """The handlers below `/v1/members/{municipality}/mergers`."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        all_ = "/v1/members/{municipality}/mergers"
        return [
            Route(all_, self.show),
            Route(all_ + "/{predecessor}", self.begin, methods=["POST"]),
            Route(all_ + "/{predecessor}/completion", self.complete, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Whom the municipality has taken over, and from which heads."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM, Role.CLERK, Role.OPERATOR))
        return await self._shown(municipality, changed=False)

    async def begin(self, request: Request) -> Response:
        """引継ぎの開始; repeating it changes nothing."""
        caller = await authorise(request, None, purpose=None, roles=(Role.OPERATOR,))
        municipality, predecessor = municipality_of(request), _predecessor_of(request)
        body = MergerBody.model_validate_json(await request.body())
        by, today = f"{caller.municipality}/{caller.party}", day_in_japan(now())
        # Read before the successor's head is locked: a sealed leave changes only by a cancellation, which is refused
        # from the successor's event on.
        of_predecessor = await self._commands.state(predecessor)

        def rule(state: RowSet, time: str) -> Decision:
            return merging.begin(
                state, municipality, predecessor, of_predecessor, body.effective_date, body.bundle_hash, by, today, time
            )

        return await self._shown(
            municipality, changed=bool(accepted(await self._commands.run(municipality, rule)).events)
        )

    async def complete(self, request: Request) -> Response:
        """引継ぎの完了: whoever carried everybody over says how many there were and how many were found."""
        await authorise(request, None, purpose=None, roles=(Role.OPERATOR,))
        municipality, predecessor = municipality_of(request), _predecessor_of(request)
        body = MergerCountsBody.model_validate_json(await request.body())

        def rule(state: RowSet, time: str) -> Decision:
            return merging.complete(state, predecessor, (body.people, body.found), body.live, body.assessments, time)

        return await self._shown(
            municipality, changed=bool(accepted(await self._commands.run(municipality, rule)).events)
        )

    async def _shown(self, municipality: str, *, changed: bool) -> Response:
        mergers = (await self._commands.state(municipality)).all(MergerRow)
        shown = [row.model_dump(mode="json") for row in mergers]
        return answer({"municipality": municipality, "mergers": shown, "changed": changed})


def _predecessor_of(request: Request) -> str:
    code = str(request.path_params["predecessor"])
    if not has_check_digit(code, 6, local_government_check_digit):
        raise Problem(problems.NOT_FOUND)
    return code
