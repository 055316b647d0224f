"""Commands that other packages carry out: migrations, tax cases, the local stack."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from kumiai_contracts.topics import SERVICES
from pydantic import ValidationError

from kumiai_cli.federation import reach, read_acting
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import UNREACHABLE, USAGE, Failure, reporting, say, show_json

tax = typer.Typer(help="Resident tax (住民税), calculated here and explained.", no_args_is_help=True)


def migrate(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of {', '.join(SERVICES)}.")],
    as_json: Json = False,
) -> None:
    """Bring a service's database to this version, with the owner's role.

    Needs KUMIAI_DATABASE_OWNER_URL and KUMIAI_DATABASE_OWNER_PASSWORD_FILE; no service ever has them.

      kumiai migrate taxation
    """
    from kumiai_common.migrate import migrate as apply
    from kumiai_common.settings import MigrationSettings

    with reporting(as_json):
        if service not in SERVICES:
            raise Failure(f"There is no service {service}; choose from {', '.join(SERVICES)}.", USAGE)
        try:
            settings = MigrationSettings()
        except ValidationError as error:
            missing = ", ".join(f"KUMIAI_{str(fault['loc'][0]).upper()}" for fault in error.errors())
            raise Failure(f"Set {missing}.", USAGE) from None
        try:
            applied = apply(service, settings)
        except OSError as error:
            raise Failure(f"The database or its password file can't be reached: {error}", UNREACHABLE) from None
        if as_json:
            show_json({"service": service, "applied": applied})
        else:
            say("\n".join(applied) if applied else "Nothing to apply.")


@tax.command()
def assess(
    case: Annotated[Path, typer.Argument(metavar="CASE.json", help="One taxpayer's facts for one fiscal year.")],
    as_json: Json = False,
) -> None:
    """Calculate a case's resident tax, step by step with the rule behind each step. Nothing is recorded.

    kumiai tax assess docs/examples/employee.json

    kumiai tax assess docs/examples/every-field.json --json

    The second example has every field; the format is services/taxation/schemas/resident-tax-case.schema.json. A case
    that is refused ends with 1 and says, for each fault, where it is (a JSON pointer) and what to write.
    """
    with reporting(as_json):
        explain = _part("kumiai_taxation.explain", "kumiai-taxation")
        if not case.is_file():
            raise Failure(f"{case} is no file.", USAGE)
        raise typer.Exit(int(explain.assess_file(case, as_json=as_json)))


@tax.command("run")
def tax_run(
    code: Code,
    fiscal_year: Annotated[int, typer.Argument(metavar="YEAR", help="The fiscal year, such as 2026.")],
    action: Annotated[
        str, typer.Argument(metavar="[ACTION]", help="open, freeze, dry-run, confirm, issue or withdraw.")
    ] = "",
    party: Annotated[str, typer.Option("--as", metavar="PARTY", help="A clerk of the member, with its own key.")] = "",
    as_json: Json = False,
) -> None:
    """How far a member's yearly run is; with an action, take it a step further. Needs the member's credentials.

    Confirming and issuing are for two different clerks (kumiai party add CODE PARTY --purpose taxation).

    kumiai tax run 131016 2026

    kumiai tax run 131016 2026 freeze

    kumiai tax run 131016 2026 confirm --as hanako

    kumiai tax run 131016 2026 issue --as taro
    """
    with reporting(as_json):
        code = parse_code(code)
        owner = read_acting(code, party)
        with reach("taxation", owner) as client:
            address, purpose = f"/v1/{code}/tax-runs/{fiscal_year}", {"purpose": "taxation"}
            asked = (
                client.post(f"{address}/{action}", params=purpose) if action else client.get(address, params=purpose)
            )
            found = asked.raise_for_status().json()
        if as_json:
            show_json(found)
            return
        say(f"{code} {fiscal_year}: {found['run']['state'] if found['run'] else 'not opened'}")
        for each in found["passes"]:
            left = "" if each["seconds_left"] is None else f", {each['seconds_left']:,.0f} s left"
            say(
                f"{'dry run' if each['dry'] else 'run'}, {each['step']}: {each['done']:,} of {each['payers']:,} done "
                f"({each['per_s']:,.0f}/s{left}); {each['assessed']:,} assessed, {each['exempt']:,} exempt, "
                f"{each['refused']:,} refused, {each['outliers']:,} outliers; {each['amount']:,} yen "
                f"({each['last_year_amount']:,} last year)"
            )


def up(
    workers: Annotated[int, typer.Option(min=1, help="Processes for each service.")] = 1,
    detach: Annotated[bool, typer.Option(help="Return when all is ready and leave it running.")] = False,
) -> None:
    """Start Kafka, PostgreSQL and the services on this machine.

    kumiai up
    kumiai up --detach
    """
    with reporting(False):
        _part("kumiai_local", "kumiai-local")
    arguments = ["up", "--workers", str(workers), *(["--detach"] if detach else [])]
    raise typer.Exit(_local(arguments))


def down() -> None:
    """Stop what `kumiai up` started here; data stays."""
    with reporting(False):
        _part("kumiai_local", "kumiai-local")
    raise typer.Exit(_local(["down"]))


def _local(arguments: list[str]) -> int:
    """Its own process: it handles signals and the terminal itself."""
    process = subprocess.Popen([sys.executable, "-m", "kumiai_local", *arguments])  # noqa: S603
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # it got the same Ctrl-C and is stopping in order


def _part(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in (module, module.partition(".")[0]):
            raise
        raise Failure(f"This needs the package {package}, which is not installed here.", USAGE) from None
