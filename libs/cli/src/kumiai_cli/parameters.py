"""Parameters: what a municipality has set for itself, and where the federation differs from its standard."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from kumiai_common.clock import day_in_japan, now
from kumiai_contracts.parameter_catalogue import CATALOGUE
from kumiai_contracts.strict_json import StrictJsonError, parse_strictly

from kumiai_cli.drift import differences, in_force, rows_of
from kumiai_cli.federation import Federation, find_federation
from kumiai_cli.members import Code, Json, parse_code, progress, wait_until_applied
from kumiai_cli.outcome import USAGE, Failure, out, reporting, say, show_json, table_of

app = typer.Typer(
    help="What may differ between municipalities (parameters): the catalogue, and each one's settings.",
    no_args_is_help=True,
)
STANDARD = "standard"
LONGEST = 60
"""Characters of a value in a table; --json shows all of it."""
On = Annotated[str, typer.Option("--on", metavar="DATE", help="On which day, YYYY-MM-DD; today without it.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """The catalogue: every parameter with its standard, its range and its source.

    kumiai parameters list
    """
    from kumiai_contracts.parameter_catalogue import document

    with reporting(as_json):
        if as_json:
            show_json(document())
            return
        table = table_of("service", "parameter", "type", "standard", "from", "what")
        for each in CATALOGUE:
            kind = f"{each.type} ({each.unit})" if each.unit else each.type
            note = f"; {each.standard_note}" if each.standard_note else ""
            table.add_row(each.service, each.name, kind, _short(each.standard), each.starts, f"{each.ja}{note}")
        out.print(table)


@app.command()
def show(code: Code, on: On = "", history: bool = False, as_json: Json = False) -> None:
    """What holds for a member on a day; with --history every setting that was ever made.

    kumiai parameters show 131016
    kumiai parameters show 131016 --on 2027-04-01
    """
    with reporting(as_json):
        day, code = _day(on), parse_code(code)
        settings = _settings(find_federation(), code)
        held = in_force(code, rows_of(settings), day)
        if as_json:
            shown = [
                {"service": key[0], "name": key[1], "value": value, "standard": standard, "since": since or None}
                for key, (value, standard, since, _) in held.items()
            ]
            show_json({"municipality": code, "on": day.isoformat(), "in_force": shown, "settings": settings})
            return
        if history:
            table = table_of("version", "service", "parameter", "value", "valid from", "set", "by", "reason")
            for row in settings:
                value = STANDARD if row["value"] is None else _short(row["value"])
                late = " (late)" if row["late"] else ""
                table.add_row(
                    str(row["version"]),
                    row["service"],
                    row["name"],
                    value,
                    row["valid_from"] + late,
                    row["set_at"][:10],
                    row["set_by"],
                    row["reason"],
                )
        else:
            table = table_of("service", "parameter", "value", "standard", "since", "source")
            for (service, name), (value, standard, since, source) in held.items():
                table.add_row(service, name, _short(value), _short(standard), since, source)
        out.print(table)


@app.command("set")
def set_(
    code: Code,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Which service reads it.")],
    name: Annotated[str, typer.Argument(metavar="PARAMETER", help="Its name in `kumiai parameters list`.")],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Text, JSON, @FILE with JSON, or `standard` to go back to it.")
    ],
    valid_from: Annotated[str, typer.Option("--from", metavar="DATE", help="From which day it is valid.")],
    reason: Annotated[str, typer.Option(help="The ordinance (条例) or decision that it follows.")],
    late: Annotated[bool, typer.Option(help="A day that has passed is meant; what was issued stays.")] = False,
    as_json: Json = False,
) -> None:
    """Set a parameter of a member from a day on. Repeating it changes nothing.

    Nothing is overwritten: every setting is kept, and an assessment names the one it was made with. For tax the day is
    1 April, for a whole fiscal year. Returns when the service knows it.

      kumiai parameters set 131016 taxation resident-tax.municipal-rate 6.1% --from 2027-04-01 --reason 市税条例
      kumiai parameters set 131016 resident-registry extensions.ward @ward.json --from 2026-12-01 --reason 要綱
    """
    with reporting(as_json):
        code = parse_code(code)
        body = {
            "parameters": [
                {
                    "service": service,
                    "name": name,
                    "value": _value(value),
                    "valid_from": _day(valid_from).isoformat(),
                    "reason": reason,
                }
            ],
            "late": late,
        }
        federation = find_federation()
        with progress(as_json) as shown:
            task = shown.add_task(f"{code} {name}")
            with federation.operator("membership") as membership:
                address = f"/v1/members/{code}"
                changed = membership.post(address + "/parameters", json=body).raise_for_status().json()
                subscribed = membership.get(address).raise_for_status().json()["subscriptions"].get(service)
            if subscribed:
                wait_until_applied(federation, code, [service], shown, task)
        if as_json:
            show_json(changed)
        elif not changed["changed"]:
            say(f"{name} of {code} is so already.")
        else:
            (row,) = changed["parameters"]
            said = STANDARD if row["value"] is None else _short(row["value"])
            say(f"{name} of {code}: {said} from {row['valid_from']} (setting {row['version']}).")
            if row["late"]:
                say("That day has passed: what was issued since stays; a year with assessments is on its work list.")


@app.command()
def diff(
    code: Code,
    other: Annotated[str, typer.Argument(metavar="[OTHER]", help="Another member, or `standard`.")] = STANDARD,
    on: On = "",
    as_json: Json = False,
) -> None:
    """What differs between a member and another one, or the standard. Exit code 1 if something does.

    kumiai parameters diff 131016
    kumiai parameters diff 131016 141003 --on 2027-04-01
    """
    with reporting(as_json):
        day, code = _day(on), parse_code(code)
        if other != STANDARD:
            parse_code(other)
        federation = find_federation()
        here = in_force(code, rows_of(_settings(federation, code)), day)
        there: dict[tuple[str, str], Any] = {}
        if other != STANDARD:
            there = in_force(other, rows_of(_settings(federation, other)), day)
        differing = []
        for key in sorted(here.keys() | there.keys()):
            nothing = (None, None, "", "")
            value, standard, _, source = here.get(key, nothing)
            against = standard if other == STANDARD else there.get(key, nothing)[0]
            if value != against:
                differing.append({"service": key[0], "name": key[1], code: value, other: against, "source": source})
        if as_json:
            show_json({"on": day.isoformat(), "differences": differing})
        elif differing:
            table = table_of("service", "parameter", code, other, "source")
            for each in differing:
                values = (_short(each[code]), _short(each[other]))
                table.add_row(each["service"], each["name"], *values, each["source"])
            out.print(table)
        else:
            say(f"{code} and {other}: the same on {day}.")
        raise typer.Exit(1 if differing else 0)


def drift(on: On = "", as_json: Json = False) -> None:
    """Who differs from the standard, and where, over the whole federation.

    Ordinances that taxation's parameter files know count, too. What is valid from a later
    day is listed below.

      kumiai drift
      kumiai drift --on 2027-04-01 --json
    """
    with reporting(as_json):
        day = _day(on)
        with find_federation().operator("membership") as membership:
            members = membership.get("/v1/parameters").raise_for_status().json()["members"]
        found = differences(members, day)
        coming = [
            {"municipality": member["municipality"], **row}
            for member in members
            for row in member["parameters"]
            if row["valid_from"] > day.isoformat()
        ]
        if as_json:
            shown = [difference._asdict() for difference in found]
            show_json({"on": day.isoformat(), "members": len(members), "differences": shown, "coming": coming})
            return
        table = table_of("code", "municipality", "parameter", "value", "standard", "since", "source")
        for each in found:
            values = (_short(each.value), _short(each.standard))
            table.add_row(
                each.municipality, each.name, each.parameter, *values, each.valid_from or "", each.source[:LONGEST]
            )
        if found:
            out.print(table)
        differing = len({each.municipality for each in found})
        say(f"{differing} of {len(members)} members differ from the standard on {day}, in {len(found)} parameters.")
        for row in coming:
            value = STANDARD if row["value"] is None else _short(row["value"])
            say(f"From {row['valid_from']}: {row['municipality']} {row['name']} {value} ({row['reason']})")


def _settings(federation: Federation, code: str) -> list[dict[str, Any]]:
    with federation.operator("membership") as membership:
        found: list[dict[str, Any]] = (
            membership.get(f"/v1/members/{code}/parameters").raise_for_status().json()["parameters"]
        )
    return found


def _value(text: str) -> Any:
    if text == STANDARD:
        return None
    if text.startswith("@"):
        try:
            return parse_strictly(Path(text[1:]).read_bytes())
        except StrictJsonError as error:
            raise Failure(f"{text[1:]} is no JSON: {error}", USAGE) from None
    try:
        return parse_strictly(text.encode())
    except StrictJsonError:
        return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else day_in_japan(now())
    except ValueError:
        raise Failure(f"{text} is no day; write it as 2027-04-01.", USAGE) from None


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
