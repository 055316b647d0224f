"""The run over HTTP: a clerk opens a year, freezes, reviews, confirms, issues; anybody who may sees how far it is.

open → freeze (copies the roll and assesses everybody) → review → confirm → issue. `withdraw` goes back to collecting as
long as nothing is issued; `dry-run` does all but what could be seen outside. Two persons (四眼): whoever confirmed
a run can not issue it, and a system does neither.
"""

from typing import Any

from kumiai_common import log
from kumiai_common.clock import now, timestamp
from kumiai_common.database import Connection
from kumiai_common.http import problems
from kumiai_common.http.access import Caller, authorise, requested_purpose
from kumiai_common.http.access_records import READERS
from kumiai_common.http.problems import NOT_FOUND, PURPOSE_MISSING, Kind, Problem
from kumiai_common.http.reading import reading
from kumiai_common.http.requests import answer, count_of, municipality_of
from kumiai_common.service import Ground
from kumiai_common.tables import from_record
from kumiai_contracts.membership import Purpose, Role
from kumiai_contracts.taxation import STREAM, TaxRunAdvanced, TaxRunRow
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kumiai_taxation import store
from kumiai_taxation.parameters import UnknownFiscalYear, load
from kumiai_taxation.run import Pass, begin, clear
from kumiai_taxation.store import QUERIES

NOT_NOW = Kind(
    "run-not-in-this-state",
    409,
    "当初賦課は、いまの段階ではこの操作を受け付けません。進行状況を確認してください。",
    "The run does not take this step in its present state. Look at its progress.",
)
RULES_CHANGED = Kind(
    "run-rules-changed",
    409,
    "計算後に税額計算の規則が変わりました。取り下げて、固定からやり直してください。",
    "The rules have changed since the calculation. Withdraw the run and freeze again.",
)
SECOND_PERSON = Kind(
    "second-person-needed",
    409,
    "確認した本人は決定できません。別の職員が決定してください。",
    "Whoever confirmed the run can't issue it. Another person has to.",
)
_FROM: dict[str, tuple[str | None, ...]] = {
    "open": (None,),
    "freeze": ("collecting",),
    "confirm": ("assessed",),
    "issue": ("confirmed",),
    "withdraw": ("frozen", "assessed", "confirmed"),
}
_TO = {"open": "collecting", "freeze": "frozen", "confirm": "confirmed", "issue": "issuing", "withdraw": "collecting"}
_OF_PERSONS = ("confirm", "issue")
"""What a person answers for, and no system does."""
OUTLIERS_A_PAGE = 1000


def run_routes(ground: Ground) -> list[BaseRoute]:
    """`GET …/tax-runs/{year}`, its outliers, and `POST …/tax-runs/{year}/{action}`."""

    async def show(request: Request) -> Response:
        """How far a run is, with its rate and the time left."""
        municipality, year, _ = await _authorised(request, READERS)
        async with ground.database.transaction([municipality]) as connection:
            return answer(await _shown(connection, municipality, year))

    async def outliers(request: Request) -> Response:
        """Who is to be looked at before the run is confirmed."""
        async with reading(request, "outliers", Purpose.TAXATION) as about:
            found = await QUERIES.outliers(
                about.connection,
                municipality=about.municipality,
                fiscal_year=request.path_params["fiscal_year"],
                dry="dry" in request.query_params,
                after=request.query_params.get("after", ""),
                limit=count_of(request, "limit", 100, OUTLIERS_A_PAGE),
            )
            await about.record([record["addressee_number"] for record in found])
        return answer({"outliers": [dict(record) for record in found]})

    async def act(request: Request) -> Response:
        """Take a run a step further."""
        action = request.path_params["action"]
        roles = (Role.CLERK,) if action in _OF_PERSONS else READERS
        municipality, year, caller = await _authorised(request, roles)
        try:
            load(f"R{year - 2018}")
        except UnknownFiscalYear as error:
            raise Problem(problems.PARAMETER_INVALID, str(error)) from None
        async with ground.database.transaction([municipality]) as connection:
            if action == "dry-run":
                each = Pass(municipality, year, True)
                await clear(connection, each)
                own = await store.own_parameters(connection, municipality)
                await begin(connection, each, "roll", own.rules_of(year))
            elif action in _TO:
                await _act(connection, municipality, year, action, caller)
            else:
                raise Problem(NOT_FOUND)
            shown = await _shown(connection, municipality, year)
        ground.relay.wake()
        return answer(shown, 202)

    path = "/v1/{municipality}/tax-runs/{fiscal_year:int}"
    return [
        Route(path, show),
        Route(path + "/outliers", outliers),
        Route(path + "/{action}", act, methods=["POST"]),
    ]


async def _authorised(request: Request, roles: tuple[Role, ...]) -> tuple[str, int, Caller]:
    municipality, purpose = municipality_of(request), requested_purpose(request)
    caller = await authorise(request, municipality, purpose=purpose, roles=roles)
    if purpose is not Purpose.TAXATION:
        raise Problem(PURPOSE_MISSING)
    return municipality, request.path_params["fiscal_year"], caller


async def _act(connection: Connection, municipality: str, year: int, action: str, caller: Caller) -> None:
    await log.lock_heads(connection, [(municipality, STREAM)])
    record = await QUERIES.run(connection, municipality=municipality, fiscal_year=year)
    run = from_record(TaxRunRow, record) if record else None
    if (run.state if run else None) not in _FROM[action]:
        raise Problem(NOT_NOW, run.state if run else "not opened")
    rules = (await store.own_parameters(connection, municipality)).rules_of(year)
    if action == "issue" and run is not None:
        if run.changed_by == caller.party:
            raise Problem(SECOND_PERSON)
        if run.rule_version != rules:
            raise Problem(RULES_CHANGED)
    each = Pass(municipality, year, False)
    time = timestamp(now())
    kept: dict[str, Any] = run.model_dump() if run and action in ("confirm", "issue") else {"fiscal_year": year}
    row = TaxRunRow(**kept | {"state": _TO[action], "changed_at": time, "changed_by": caller.party})
    await log.append(connection, municipality, STREAM, [TaxRunAdvanced(run=row)], time=time)
    match action:
        case "freeze":
            await clear(connection, each)
            await begin(connection, each, "roll", rules)
        case "withdraw":
            await clear(connection, each)
            await begin(connection, each, "withdrawn", rules)
        case "issue":
            await begin(connection, each, "issue", rules)
            await QUERIES.expect_payers(connection, **each.key(), payers=row.payers)


async def _shown(connection: Connection, municipality: str, year: int) -> dict[str, Any]:
    record = await QUERIES.run(connection, municipality=municipality, fiscal_year=year)
    passes = await QUERIES.progress(connection, municipality=municipality, fiscal_year=year)
    return {
        "run": from_record(TaxRunRow, record).model_dump() if record else None,
        "passes": [_pass(found) for found in passes],
    }


def _pass(found: Any) -> dict[str, Any]:
    kept = ("dry", "step", "done", "payers", "assessed", "exempt", "refused", "amount", "last_year_amount", "outliers")
    rate = found["done"] / found["seconds"] if found["seconds"] > 0 else 0.0
    left = (found["payers"] - found["done"]) / rate if rate and found["step"] in ("trial", "issue") else None
    return {
        **{name: found[name] for name in kept},
        "per_s": round(rate, 1),
        "seconds_left": None if left is None else round(left, 1),
    }
