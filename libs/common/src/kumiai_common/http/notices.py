"""Notices by HTTP: the same intake and the same receipts as by Kafka."""

from collections.abc import Awaitable, Callable

from kumiai_contracts.envelope import NoticeEnvelope
from kumiai_contracts.membership import Role
from kumiai_contracts.receipts import ReceiptIssued
from kumiai_contracts.topics import receipts_stream
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.batch import MEDIA_TYPE, BatchError, parse_batch
from kumiai_common.http.problems import Problem
from kumiai_common.http.queries import QUERIES
from kumiai_common.http.requests import answer, count_of, json_text, municipality_of, text_of
from kumiai_common.queries import QUERIES as GROUND

MOST_KEPT = 1000

Intake = Callable[[str, list[tuple[NoticeEnvelope, bytes]]], Awaitable[list[ReceiptIssued]]]
"""Takes a municipality's notices in, commits, and gives their receipts in the same order."""


class Notices:
    """The handlers of one service."""

    def __init__(self, service: str, database: Database, intake: Intake, trial: Intake) -> None:
        """`trial` gives the receipts that notices would get, and takes everything back."""
        self._receipts = receipts_stream(service)
        self._database = database
        self._intake = intake
        self._trial = trial

    def routes(self) -> list[Route]:
        """Every address."""
        return [
            Route("/v1/{municipality}/notices", self.take, methods=["POST"]),
            Route("/v1/{municipality}/notices/trial", self.try_out, methods=["POST"]),
            Route("/v1/{municipality}/receipts", self.receipt),
            Route("/v1/{municipality}/kept-notices", self.kept),
        ]

    async def take(self, request: Request) -> Response:
        """Take a CloudEvents batch in; the answer holds one receipt for each notice, in order."""
        receipts = await self._answered(request, self._intake)
        return json_text(b"[" + b",".join(receipt.body() for receipt in receipts) + b"]")

    async def try_out(self, request: Request) -> Response:
        """What would become of a batch, without anything becoming of it: outcomes with their reasons, no receipts."""
        tried = await self._answered(request, self._trial)
        return answer({"tried": [receipt.model_dump(include={"outcome", "reasons"}) for receipt in tried]})

    async def _answered(self, request: Request, intake: Intake) -> list[ReceiptIssued]:
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM,))
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise Problem(problems.MEDIA_TYPE_UNSUPPORTED, MEDIA_TYPE)
        try:
            notices = parse_batch(await request.body())
        except BatchError as error:
            raise Problem(problems.BODY_INVALID, str(error)) from None
        return await intake(municipality, notices) if notices else []

    async def receipt(self, request: Request) -> Response:
        """The receipt of one notice, exactly as it stands in the stream, with its place in the headers."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM, Role.CLERK))
        source, id_ = text_of(request, "source"), text_of(request, "id")
        async with self._database.transaction([municipality]) as connection:
            found = await QUERIES.receipt(
                connection, municipality=municipality, source=source, id=id_, stream=self._receipts
            )
        if found is None:
            raise Problem(problems.NOT_FOUND)
        return json_text(
            found["body"],
            kumiai_position=f"{found['incarnation']}:{found['position']}",
            kumiai_hash=found["hash"].hex(),
            kumiai_time=found["time"],
        )

    async def kept(self, request: Request) -> Response:
        """The latest refused notices that are kept, without their bodies: which, why, and until when."""
        municipality = municipality_of(request)
        await authorise(request, municipality, purpose=None, roles=(Role.SYSTEM, Role.CLERK, Role.OPERATOR))
        limit = count_of(request, "limit", 100, MOST_KEPT)
        async with self._database.transaction([municipality]) as connection:
            records = await GROUND.kept_notices(connection, municipality=municipality, limit=limit)
        return answer(
            {
                "kept": [
                    {
                        **dict(record),
                        "kept_at": record["kept_at"].isoformat(),
                        "expires_at": record["expires_at"].isoformat(),
                    }
                    for record in records
                ]
            }
        )
