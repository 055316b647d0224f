"""`POST /v1/{municipality}/import/…`: an operator brings a municipality's bundle into a federation that lacks it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import asyncpg
import orjson
import structlog
from kumiai_contracts.membership import Purpose, Role
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.bundle.exporting import Exported
from kumiai_common.bundle.importing import AlreadyLives, Importer, NotImportable, TypeUnknown
from kumiai_common.http import problems
from kumiai_common.http.access import authorise
from kumiai_common.http.problems import Kind, Problem
from kumiai_common.http.requests import answer, count_of, municipality_of
from kumiai_common.relay import Relay

T = TypeVar("T")
_LOG = structlog.get_logger()
ALREADY_LIVES = Kind(
    "already-member",
    409,
    "この団体は既に加入しているため、取り込めません。",
    "This municipality is a member here already; nothing can be imported into its logs.",
)
NOT_IMPORTABLE = Kind(
    "not-importable",
    409,
    "取り込み済みの内容と続きません。何も取り込んでいません。持出しデータを検証してください。",
    "This does not go on from what is here; nothing of it was taken in. Verify the bundle.",
)
TYPE_UNKNOWN = Kind(
    "type-unknown",
    422,
    "この組合の版が知らない種類が含まれています。新しい版に取り込んでください。",
    "It holds something that this version of the federation does not know. Import it into a newer one.",
)


class Importing(Exported, Protocol):
    """What the import needs of a running service."""

    @property
    def relay(self) -> Relay: ...


def import_routes(service: Importing) -> list[Route]:
    """The addresses that take a part in, piece by piece, as lines of JSON."""
    importer = Importer(service.database, service.name, service.keys, service.kept.records)

    async def log_(request: Request) -> Response:
        """A piece of a log: the service's own, or one that it had read."""
        municipality, lines = await _lines(request)
        stream = str(request.path_params["stream"])
        take = importer.own_log if importer.owns(stream) else importer.replica if importer.reads(stream) else None
        if take is None:
            raise Problem(problems.NOT_FOUND)
        position = await _taken(take(municipality, stream, lines))
        service.relay.wake()
        _LOG.info("imported", municipality=municipality, stream=stream, position=position)
        return answer({"stream": stream, "position": position})

    async def beside(request: Request) -> Response:
        """A piece of what lies beside the logs."""
        municipality, lines = await _lines(request)
        takes: Mapping[str, Callable[[str, Sequence[Mapping[str, Any]]], Awaitable[None]]] = {
            "parts": importer.parts,
            "kept-notices": importer.kept_notices,
            "checkpoints": importer.checkpoints,
            "signers": importer.signers,
        }
        take = takes.get(request.path_params["what"])
        if take is None:
            raise Problem(problems.NOT_FOUND)
        await _taken(take(municipality, _read(lines, orjson.loads)))
        return answer({"lines": len(lines)})

    async def records(request: Request) -> Response:
        """A piece of a table that no stream fills."""
        municipality, lines = await _lines(request)
        first = count_of(request, "first", 0, 10**12)
        found = _read(lines, orjson.loads)
        await _taken(importer.records(municipality, request.path_params["table"], first, found))
        return answer({"lines": len(lines)})

    return [
        Route("/v1/{municipality}/import/streams/{stream}", log_, methods=["POST"]),
        Route("/v1/{municipality}/import/records/{table}", records, methods=["POST"]),
        Route("/v1/{municipality}/import/{what}", beside, methods=["POST"]),
    ]


async def _lines(request: Request) -> tuple[str, list[bytes]]:
    municipality = municipality_of(request)
    await authorise(request, municipality, purpose=Purpose.OPERATION, roles=(Role.OPERATOR,))
    return municipality, (await request.body()).splitlines()


def _read(lines: Sequence[bytes], read: Callable[[bytes], T]) -> list[T]:
    try:
        return [read(line) for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Problem(problems.BODY_INVALID) from None


async def _taken(work: Awaitable[Any]) -> Any:
    try:
        return await work
    except AlreadyLives:
        raise Problem(ALREADY_LIVES) from None
    except NotImportable as error:
        raise Problem(NOT_IMPORTABLE, str(error)) from None
    except TypeUnknown as error:
        raise Problem(TYPE_UNKNOWN, str(error)[:100]) from None
    except (ValueError, KeyError, TypeError, AttributeError, asyncpg.DataError):
        raise Problem(problems.BODY_INVALID) from None
