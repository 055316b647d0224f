"""The HTTP server of a service: Starlette on granian, in the service's own event loop.

granian's embedded server runs the protocol in a thread of its own and the handlers in the loop that the consumer and
the relay share, so that one process needs no locks and no second pool of connections.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from kumiai_contracts.registry import NOTICES
from kumiai_contracts.topics import READS
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kumiai_common.bundle.exporting import export_routes
from kumiai_common.bundle.import_routes import import_routes
from kumiai_common.http.access import Access
from kumiai_common.http.health import health_routes
from kumiai_common.http.leaving import leaving_routes
from kumiai_common.http.notices import Notices
from kumiai_common.http.operations import operation_routes
from kumiai_common.http.problems import BODY_TOO_LARGE, INTERNAL, Problem, on_error, problem_of
from kumiai_common.http.streams import Streams
from kumiai_common.http.tokens import load_public_key
from kumiai_common.protocol import Host

if TYPE_CHECKING:
    from kumiai_common.service import Ground

_LOG = structlog.get_logger()
MAX_BODY_BYTES = 8 * 1024 * 1024
"""A batch; a single notice over 1 MiB fits, so that it gets a receipt instead of an error of the transport."""
STOP_SECONDS = 10
"""How long requests that have begun may take when the service stops."""


class Guard:
    """Bounds bodies, and turns whatever a handler did not expect into a problem without telling what it was."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:
                raise Problem(BODY_TOO_LARGE, f"at most {self._max_body} bytes")
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, bounded, noted)
        except Exception as error:
            problem = problem_of(error)
            if problem.kind is INTERNAL or begun:
                # Neither the path nor the exception's text: both can hold whom a request was about.
                action = getattr(scope.get("endpoint"), "__name__", "")
                _LOG.error("request failed", action=action, method=scope["method"], error=type(error).__name__)
            if begun:
                raise  # a cut answer must not look like a whole one
            await problem.response()(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    """A problem as it is sent; what a known caller may not do is recorded first."""
    if isinstance(error, Problem) and error.kind.status == HTTPStatus.FORBIDDEN:
        access: Access = request.app.state.access
        await access.record_refusal(request, error.kind.code)
    return await on_error(request, error)


def application(routes: Sequence[BaseRoute], access: Access, *, max_body: int = MAX_BODY_BYTES) -> Starlette:
    """A service's web application: its routes, the problems, the guard, and what `authorise` needs."""
    app = Starlette(
        routes=list(routes),
        middleware=[Middleware(Guard, max_body=max_body)],
        exception_handlers={Problem: _refused, HTTPException: on_error},
    )
    app.router.redirect_slashes = False
    app.state.access = access
    return app


class HttpServer:
    """Serves an application until it is stopped."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._server = Server(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
        )
        self._server.workers_kill_timeout = STOP_SECONDS
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve until cancelled, then let the requests that have begun come to their end."""
        self._task = asyncio.ensure_future(self._server.serve())
        try:
            # Shielded: a cancellation must reach the server as a stop in order, not in the middle of a request.
            await asyncio.shield(self._task)
            raise RuntimeError("the HTTP server ended by itself")
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Take no new requests and wait for the others, at most STOP_SECONDS."""
        task, self._task = self._task, None
        if task is None or task.done():
            return
        self._server.stop()  # type: ignore[no-untyped-call]
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, STOP_SECONDS + 1)


async def serve(ground: "Ground", routes: Sequence[BaseRoute]) -> None:
    """Serve what every service shows and a service's own routes, until cancelled."""
    settings = ground.settings
    access = Access(load_public_key(settings.trusted_keys_dir / "membership.pub.pem"), ground.database, ground.name)
    app = application(every_route(ground, routes), access)
    await HttpServer(app, settings.http_host, settings.http_port).run()


def every_route(ground: "Ground", routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """What every service shows, and a service's own routes before it."""
    found: list[BaseRoute] = [*health_routes(ground.not_ready, ground.telemetry.ready), *routes]
    found += operation_routes(ground)
    found += [*export_routes(ground), *import_routes(ground)]
    if READS[ground.name]:
        found += leaving_routes(ground)
    service = ground.processor.service
    found += Streams(ground.name, ground.database, service if isinstance(service, Host) else None).routes()
    if any(kind.service == ground.name for kind in NOTICES.values()):
        found += Notices(ground.name, ground.database, ground.intake, ground.trial).routes()
    return found
