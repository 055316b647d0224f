"""Commands and lists by HTTP, for operators of the federation.

A command is recorded first and then carried over to Kafka. If Kafka is away, the answer says so with a 503: what was
recorded stays, and the rest follows by itself or with a repetition of the command.
"""

from collections.abc import Awaitable
from typing import TypeVar

import structlog
from confluent_kafka import KafkaException
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.requests import answer, municipality_of
from kumiai_common.http.tokens import public_key_text
from kumiai_contracts.decision import Accepted, Decision
from kumiai_contracts.membership import MemberRow, PartyId, PartyRow, Role, SubscriptionRow
from kumiai_contracts.model import RowSet
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_membership import store
from kumiai_membership.answers import accepted, key_of, no_member
from kumiai_membership.bodies import JoinBody, PartyBody
from kumiai_membership.commands import Commands, Rule
from kumiai_membership.domain import own_systems, rules
from kumiai_membership.reconciling import Reconciling

_LOG = structlog.get_logger()
_PARTY: TypeAdapter[str] = TypeAdapter(PartyId)
T = TypeVar("T")
KAFKA_PENDING = Kind(
    "kafka-pending",
    503,
    "記録しましたが、Kafkaへの反映がまだ終わっていません。反映は自動的に行われます。認証情報は後で再発行してください。",
    "Recorded, but Kafka has not taken it over yet. That follows by itself; renew the credentials later.",
)


class MemberRoutes:
    """The handlers below `/v1/members`."""

    def __init__(self, database: Database, commands: Commands, reconciling: Reconciling) -> None:
        self._database = database
        self._commands = commands
        self._reconciling = reconciling

    def routes(self) -> list[BaseRoute]:
        """Every address."""
        one = "/v1/members/{municipality}"
        return [
            Route("/v1/members", self.join, methods=["POST"]),
            Route("/v1/members", self.members),
            Route(one, self.member),
            Route(one + "/topics", self.make_topics, methods=["POST"]),
            Route(one + "/credentials", self.renew_credentials, methods=["POST"]),
            Route(one + "/subscriptions/{service}", self.subscribe, methods=["POST"]),
            Route(one + "/subscriptions/{service}", self.unsubscribe, methods=["DELETE"]),
            Route(one + "/own-systems/{service}", self.begin_own_system, methods=["POST"]),
            Route(one + "/own-systems/{service}", self.end_own_system, methods=["DELETE"]),
            Route(one + "/parties/{party}", self.register_party, methods=["POST"]),
            Route(one + "/parties/{party}", self.revoke_party, methods=["DELETE"]),
        ]

    async def join(self, request: Request) -> Response:
        """加入. The answer holds the credentials, which are never shown again."""
        await _operator(request)
        body = JoinBody.model_validate_json(await request.body())
        key = Ed25519PrivateKey.generate()
        public = public_key_text(key.public_key())

        own = key_of(body.acknowledgement_key) if body.acknowledgement_key is not None else None

        def rule(state: RowSet, now: str) -> Decision:
            services = tuple(dict.fromkeys((*body.services, *body.own)))
            joined = rules.join(state, body.municipality, body.name, body.prefecture, services, public, now, own)
            return own_systems.joining_with(joined, body.own, now)

        accepted(await self._commands.check(body.municipality, rule))
        try:
            await self._reconciling.prepare(body.municipality)
        except (KafkaException, TimeoutError):
            raise Problem(problems.UNAVAILABLE, "Kafka; nothing was recorded") from None
        await self._run(body.municipality, rule)
        return await self._credentials(body.municipality, key, 201)

    async def make_topics(self, request: Request) -> Response:
        """Make Kafka right for one municipality: what its record asks for, or, before it has one, its topics alone.

        An import needs both: topics before the first event is taken in, rights when the record is whole.
        """
        await _operator(request)
        municipality = municipality_of(request)
        async with self._database.transaction([municipality]) as connection:
            recorded = (await store.load(connection, municipality)).get(MemberRow) is not None
        await _kafka((self._reconciling.one if recorded else self._reconciling.prepare)(municipality))
        return answer({"municipality": municipality, "recorded": recorded})

    async def renew_credentials(self, request: Request) -> Response:
        """再発行: another key and another password for the municipality's system; the old ones end."""
        await _operator(request)
        municipality, key = municipality_of(request), Ed25519PrivateKey.generate()
        public = public_key_text(key.public_key())
        await self._run(municipality, lambda state, now: rules.renew_system_key(state, public, now))
        return await self._credentials(municipality, key, 200)

    async def members(self, request: Request) -> Response:
        """Everybody, with what they subscribe to."""
        await _operator(request)
        return answer({"members": await store.directory(self._database)})

    async def member(self, request: Request) -> Response:
        """One member, with its subscriptions and parties."""
        await _operator(request)
        municipality = municipality_of(request)
        async with self._database.transaction([municipality]) as connection:
            state = await store.load(connection, municipality)
        member = state.get(MemberRow)
        parties = [row.model_dump(mode="json") for row in state.all(PartyRow)]
        if member is None and not parties:
            raise no_member(municipality)
        found = member.model_dump(mode="json") if member else {}
        subscriptions = {row.service: row.active for row in state.all(SubscriptionRow)}
        own = own_systems.kept_by_own(state)
        return answer(
            {"municipality": municipality, **found, "subscriptions": subscriptions, "own": own, "parties": parties}
        )

    async def subscribe(self, request: Request) -> Response:
        """利用開始; repeating it changes nothing."""
        return await self._change_subscription(request, rules.subscribe, active=True)

    async def unsubscribe(self, request: Request) -> Response:
        """利用停止; repeating it changes nothing."""
        return await self._change_subscription(request, rules.unsubscribe, active=False)

    async def begin_own_system(self, request: Request) -> Response:
        """自団体システムへの切替え; repeating it changes nothing."""
        return await self._change_subscription(request, own_systems.begin, active=True)

    async def end_own_system(self, request: Request) -> Response:
        """共同利用への切替え; repeating it changes nothing."""
        return await self._change_subscription(request, own_systems.end, active=False)

    async def register_party(self, request: Request) -> Response:
        """利用者登録."""
        await _operator(request)
        municipality, party = municipality_of(request), _party_of(request)
        body = PartyBody.model_validate_json(await request.body())
        key_of(body.public_key)
        decision = await self._run(
            municipality,
            lambda state, now: rules.register_party(
                state, municipality, party, body.kind, body.public_key, body.roles, body.purposes, now
            ),
        )
        return answer({"municipality": municipality, "party": party, "changed": bool(decision.events)})

    async def revoke_party(self, request: Request) -> Response:
        """利用者取消し."""
        await _operator(request)
        municipality, party = municipality_of(request), _party_of(request)
        decision = await self._run(municipality, lambda state, now: rules.revoke_party(state, municipality, party, now))
        return answer({"municipality": municipality, "party": party, "changed": bool(decision.events)})

    async def _change_subscription(self, request: Request, rule: rules.SubscriptionRule, *, active: bool) -> Response:
        await _operator(request)
        municipality, service = municipality_of(request), str(request.path_params["service"])
        decision = await self._run(municipality, lambda state, now: rule(state, service, now))
        # Even if nothing changed: whoever repeats a command after a 503 wants Kafka to be right.
        await _kafka(self._reconciling.one(municipality))
        changed = bool(decision.events)
        return answer({"municipality": municipality, "service": service, "active": active, "changed": changed})

    async def _credentials(self, municipality: str, key: Ed25519PrivateKey, status: int) -> Response:
        await _kafka(self._reconciling.one(municipality))
        username, password = await _kafka(self._reconciling.new_credentials(municipality))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return answer(
            {
                "municipality": municipality,
                "scram_username": username,
                "scram_password": password,
                "party": rules.SYSTEM_PARTY,
                "private_key": pem,
            },
            status,
        )

    async def _run(self, municipality: str, rule: Rule) -> Accepted:
        return accepted(await self._commands.run(municipality, rule))


async def _operator(request: Request) -> None:
    await authorise(request, None, purpose=None, roles=(Role.OPERATOR,))


def _party_of(request: Request) -> str:
    try:
        return _PARTY.validate_python(request.path_params["party"])
    except ValidationError:
        raise Problem(problems.PARAMETER_INVALID, "party: small letters, digits, . _ - (63 at most)") from None


async def _kafka(work: Awaitable[T]) -> T:
    try:
        return await work
    except (KafkaException, TimeoutError) as error:
        _LOG.warning("topics and rights wait for Kafka", error=type(error).__name__)
        raise Problem(KAFKA_PENDING) from None
