"""Problems: every refusal over HTTP has a code and two languages, and tells nothing that it should not."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kumiai_common.database import Database
from kumiai_common.http import problems
from kumiai_common.http.access import Access
from kumiai_common.http.problems import Kind, Problem, problem_of
from kumiai_common.http.server import HttpServer, application
from kumiai_common.waiting import IntakeHeld, MustWait
from kumiai_contracts.model import Frozen
from kumiai_contracts.receipts import Reason
from kumiai_local.ports import free_ports
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

KINDS = [value for value in vars(problems).values() if isinstance(value, Kind)]


class Body(Frozen):
    count: int


async def secret(_: Request) -> Response:
    raise RuntimeError("山田太郎 lives here")


async def away(_: Request) -> Response:
    raise asyncpg.ConnectionDoesNotExistError("gone")


async def refused(_: Request) -> Response:
    why = Reason(code="last-operator", pointer="/party", ja="取り消せません。", en="It can't be revoked.")
    raise Problem(problems.ROLE_MISSING, "in this test", reasons=[why])


async def held(_: Request) -> Response:
    raise IntakeHeld("131016")


async def waiting(_: Request) -> Response:
    raise MustWait(["131016"], "a key is not at hand")


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def count(request: Request) -> Response:
    return PlainTextResponse(str(Body.model_validate_json(await request.body()).count))


async def slow(_: Request) -> Response:
    await asyncio.sleep(0.5)
    return PlainTextResponse("done")


async def cut(_: Request) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        yield b"first\n"
        await asyncio.sleep(0.05)
        raise RuntimeError("second")

    return StreamingResponse(lines())


APP = application(
    [
        Route("/secret/{number}", secret),
        Route("/away", away),
        Route("/refused", refused),
        Route("/held", held, methods=["POST"]),
        Route("/waiting", waiting),
        Route("/echo", echo, methods=["POST"]),
        Route("/count", count, methods=["POST"]),
        Route("/slow", slow),
        Route("/cut", cut),
    ],
    # Nobody is known here, so no refusal is anybody's to write down, and neither key nor database is touched.
    Access(cast(Ed25519PublicKey, None), cast(Database, None), "taxation"),
    max_body=1000,
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://service") as found:
        yield found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_problem_speaks_both_languages(kind: Kind) -> None:
    assert kind.ja.endswith("。")
    assert kind.en.isascii()
    assert kind.en.endswith(".")


def test_no_two_problems_have_one_code() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


async def test_a_refusal_says_what_and_why(client: httpx.AsyncClient) -> None:
    response = await client.get("/refused")
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"] == "urn:kumiai:problem:role-missing"
    assert (body["title"], body["status"], body["detail"]) == (problems.ROLE_MISSING.en, 403, "in this test")
    assert body["reasons"][0]["pointer"] == "/party"


async def test_a_fault_of_our_own_tells_nobody_about_anybody(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    response = await client.get("/secret/1234567890")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    logged = capsys.readouterr()
    for text in ("山田", "1234567890"):
        assert text not in response.text + logged.out + logged.err


async def test_a_database_that_is_away_is_something_to_try_again(client: httpx.AsyncClient) -> None:
    response = await client.get("/away")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["retry-after"]


async def test_whoever_has_to_wait_is_told_to_come_again_whatever_was_asked(client: httpx.AsyncClient) -> None:
    held, waiting = await client.post("/held"), await client.get("/waiting")
    assert (held.status_code, held.json()["code"]) == (503, "intake-held")
    assert (waiting.status_code, waiting.json()["code"]) == (503, "unavailable")
    assert waiting.json()["detail"] == "a key is not at hand"
    assert held.headers["retry-after"] and waiting.headers["retry-after"]


async def test_an_address_that_does_not_exist_is_a_problem_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing")).json()["code"] == "not-found"
    assert (await client.get("/echo")).json()["code"] == "method-not-allowed"


async def test_a_body_is_bounded_whether_or_not_it_says_its_length(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 100

    assert (await client.post("/echo", content=b"x" * 1000)).text == "1000"
    assert (await client.post("/echo", content=b"x" * 1001)).json()["code"] == "request-too-large"
    assert (await client.post("/echo", content=parts())).status_code == 413


async def test_a_body_that_does_not_fit_its_model_is_pointed_at_without_its_content(client: httpx.AsyncClient) -> None:
    response = await client.post("/count", json={"count": "山田"})
    assert (response.status_code, response.json()["code"]) == (400, "body-invalid")
    assert response.json()["detail"] == "int_type at /count"
    assert "山田" not in response.text


def test_a_401_says_how_to_authenticate() -> None:
    assert problem_of(Problem(problems.TOKEN_MISSING)).response().headers["www-authenticate"].startswith("Bearer")


async def test_a_server_that_stops_answers_what_it_has_begun() -> None:
    (port,) = free_ports(1)
    server = asyncio.create_task(HttpServer(APP, "127.0.0.1", port).run())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as calls:
        async with asyncio.timeout(5):
            while True:
                try:
                    assert (await calls.post("/echo", content=b"abc")).text == "3"
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        waiting = asyncio.create_task(calls.get("/slow"))
        await asyncio.sleep(0.1)
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server
        assert (await waiting).text == "done"
        with pytest.raises(httpx.TransportError):
            await calls.post("/echo", content=b"abc")


async def test_an_answer_that_breaks_off_does_not_look_whole() -> None:
    (port,) = free_ports(1)
    server = asyncio.create_task(HttpServer(APP, "127.0.0.1", port).run())
    await asyncio.sleep(0.3)
    async with httpx.AsyncClient() as calls:
        with pytest.raises(httpx.TransportError):
            await calls.get(f"http://127.0.0.1:{port}/cut")
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server
