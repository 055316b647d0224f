"""Leaving by HTTP: for the municipality itself, or an operator. What needs the municipality's signature checks it."""

from datetime import timedelta
from typing import Any

from confluent_kafka import KafkaException
from kumiai_common.clock import now, timestamp
from kumiai_common.http import problems
from kumiai_common.http.access import Caller, authorise
from kumiai_common.http.problems import Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_common.peers import UNREACHABLE
from kumiai_contracts.decision import Decision, Refused
from kumiai_contracts.leaving import (
    AcknowledgementKeyRow,
    CertificateRow,
    LeaveRow,
    ServiceErasedRow,
    certificate_statement,
    key_statement,
)
from kumiai_contracts.membership import Role
from kumiai_contracts.model import RowSet
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_membership.answers import accepted, key_of, refused
from kumiai_membership.bodies import AcknowledgementBody, AcknowledgementKeyBody, BundleBody, LeaveBody
from kumiai_membership.commands import Commands, Rule
from kumiai_membership.domain import certificate as certificates
from kumiai_membership.domain import leaving
from kumiai_membership.domain.refusals import refusal
from kumiai_membership.leaving import Leaving
from kumiai_membership.settings import MembershipSettings
from kumiai_membership.signatures import is_signed

MOST_DAYS = 366


class LeavingRoutes:
    """The handlers below `/v1/members/{municipality}/leave`."""

    def __init__(self, commands: Commands, process: Leaving, settings: MembershipSettings) -> None:
        self._commands = commands
        self._process = process
        self._settings = settings

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        one = "/v1/members/{municipality}"
        return [
            Route(one + "/acknowledgement-key", self.register_key, methods=["POST"]),
            Route(one + "/leave", self.show),
            Route(one + "/leave", self.request, methods=["POST"]),
            Route(one + "/leave", self.cancel, methods=["DELETE"]),
            Route(one + "/leave/plan", self.plan),
            Route(one + "/leave/bundle", self.record_bundle, methods=["POST"]),
            Route(one + "/leave/acknowledgement", self.acknowledge, methods=["POST"]),
            Route(one + "/leave/erasure", self.erase, methods=["POST"]),
            Route(one + "/leave/certificate", self.certificate),
        ]

    async def register_key(self, request: Request) -> Response:
        """検収鍵登録: only by the municipality itself."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM,))
        body = AcknowledgementKeyBody.model_validate_json(await request.body())
        key_of(body.public_key)
        later = timestamp(now() + timedelta(days=self._settings.acknowledgement_wait_days))
        statement = key_statement(municipality, body.public_key)

        def rule(state: RowSet, time: str) -> Decision:
            before = state.get(AcknowledgementKeyRow)
            by_old_key = before is not None and is_signed(before.public_key, statement, body.signature)
            return leaving.register_key(state, body.public_key, by_old_key, time, later)

        decision = accepted(await self._commands.run(municipality, rule))
        return answer({"municipality": municipality, "changed": bool(decision.events)})

    async def request(self, request: Request) -> Response:
        """脱退申請."""
        municipality, caller = await _allowed(request)
        body = LeaveBody.model_validate_json(await request.body() or b"{}")
        if not 0 <= body.readers_days <= MOST_DAYS:
            raise Problem(problems.BODY_INVALID, f"readers_days: 0 to {MOST_DAYS}")
        until = timestamp(now() + timedelta(days=body.readers_days))
        by = f"{caller.municipality}/{caller.party}"
        return await self._step(
            municipality, lambda state, time: leaving.request(state, body.services, by, until, time), 202
        )

    async def cancel(self, request: Request) -> Response:
        """脱退取消し."""
        municipality, _ = await _allowed(request)
        if await self._process.successor(municipality) is not None:
            raise refused(Refused((refusal("merged", "/municipality"),)))
        shown = await self._step(municipality, leaving.cancel)
        await self._process.give_back(municipality)
        return shown

    async def record_bundle(self, request: Request) -> Response:
        """持出し: a bundle was made; its heads must be where the streams closed."""
        municipality, _ = await _allowed(request)
        body = BundleBody.model_validate_json(await request.body())
        return await self._step(
            municipality, lambda state, time: leaving.export(state, body.bundle_hash, body.heads, time)
        )

    async def acknowledge(self, request: Request) -> Response:
        """検収: whoever brings it, the municipality's own key must have signed it."""
        municipality, _ = await _allowed(request)
        body = AcknowledgementBody.model_validate_json(await request.body())
        return await self._step(
            municipality,
            lambda state, time: leaving.acknowledge(
                state, municipality, body.bundle_hash, body.signature, is_signed, time
            ),
        )

    async def erase(self, request: Request) -> Response:
        """消去開始: the point of no return."""
        municipality, _ = await _allowed(request)
        leave = leaving.under_way(await self._commands.state(municipality))
        behind = []
        if leave is not None:
            try:
                behind = await self._process.behind(municipality, leave)
            except KafkaException:
                raise Problem(problems.UNAVAILABLE, "Kafka") from None
        return await self._step(municipality, lambda state, time: leaving.begin_erasure(state, behind, time), 202)

    async def show(self, request: Request) -> Response:
        """How far the leave is: its state, what closed, what is erased, and what each one waits for."""
        municipality, _ = await _allowed(request)
        return answer(await self._shown(municipality))

    async def plan(self, request: Request) -> Response:
        """What would be erased, or will be, with `?services=a,b` or for the leave under way; changes nothing."""
        municipality, caller = await _allowed(request)
        named = request.query_params.get("services", "")
        state = await self._commands.state(municipality)
        leave = leaving.under_way(state)
        if leave is None or named:
            services = [name for name in named.split(",") if name] or None
            by, time = f"{caller.municipality}/{caller.party}", timestamp(now())
            planned = leaving.planned(state, services, by, time, time)
            if isinstance(planned, Refused):
                raise refused(planned)
            leave = planned
        try:
            return answer(await self._process.plan(municipality, leave))
        except (KafkaException, *UNREACHABLE):
            raise Problem(problems.UNAVAILABLE, "Kafka or a service") from None

    async def certificate(self, request: Request) -> Response:
        """The last certificate of erasure, with what was erased at every place and the statement that is signed."""
        municipality, _ = await _allowed(request)
        state = await self._commands.state(municipality)
        last = max(state.all(CertificateRow), key=lambda row: row.leave, default=None)
        leave = state.get(LeaveRow, last.leave) if last is not None else None
        if last is None or leave is None:
            raise Problem(problems.NOT_FOUND)
        erased = certificates.of_leave(state.all(ServiceErasedRow), leave)
        return answer(
            {
                "municipality": municipality,
                "leave": leave.model_dump(mode="json"),
                "certificate": last.model_dump(mode="json"),
                "erased": [row.model_dump(mode="json") for row in erased],
                "statement": certificate_statement(municipality, last, erased).hex(),
            }
        )

    async def _step(self, municipality: str, rule: Rule, status: int = 200) -> Response:
        decision = accepted(await self._commands.run(municipality, rule))
        return answer({**await self._shown(municipality), "changed": bool(decision.events)}, status)

    async def _shown(self, municipality: str) -> dict[str, Any]:
        state = await self._commands.state(municipality)
        leave = max(state.all(LeaveRow), key=lambda row: row.leave, default=None)
        key = state.get(AcknowledgementKeyRow)
        shown: dict[str, Any] = {
            "municipality": municipality,
            "acknowledgement_key": key.model_dump() if key else None,
            "leave": leave.model_dump(mode="json") if leave else None,
        }
        if leave is None:
            return shown
        erased = certificates.of_leave(state.all(ServiceErasedRow), leave)
        return {
            **shown,
            "closed": [row.model_dump() for row in leaving.closed_of(state, leave)],
            "erased": [row.model_dump() for row in erased],
            "waiting_for": await self._process.progress(municipality, state, leave),
        }


async def _allowed(request: Request) -> tuple[str, Caller]:
    municipality = municipality_of(request)
    return municipality, await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM, Role.OPERATOR))
