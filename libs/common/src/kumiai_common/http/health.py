"""Health and metrics: the only addresses that need no token; they say nothing about anybody."""

from collections.abc import Awaitable, Callable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kumiai_common.http.requests import answer

Readiness = Callable[[], Awaitable[Sequence[str]]]
"""Why the service can't do its work now, one short reason each; nothing if it can."""


def health_routes(readiness: Readiness, tell: Callable[[bool], None]) -> list[Route]:
    """`/health/live`, `/health/ready`, `/metrics`; `tell` learns at every scrape whether the service is ready."""

    async def live(_: Request) -> Response:
        """The loop runs: restarting would not help."""
        return answer({"live": True})

    async def ready(_: Request) -> Response:
        """Whether work gets done; 503 with the reasons if not."""
        reasons = list(await readiness())
        return answer({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    async def metrics(_: Request) -> Response:
        """Everything measured, in Prometheus's text format."""
        tell(not await readiness())
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]
