"""`kumiai import residents|taxpayers|addressees`: take over what a municipality has, from CSV files."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from kumiai_common.clock import day_in_japan, now
from kumiai_contracts.schemas import Described
from rich.markup import escape

from kumiai_cli.importing import document
from kumiai_cli.importing.kinds import KINDS
from kumiai_cli.importing.plan import Kind, Options
from kumiai_cli.importing.reading import ENCODINGS
from kumiai_cli.importing.running import Asked, run
from kumiai_cli.members import Code, Json, parse_code
from kumiai_cli.outcome import EXIT_CODES, USAGE, Failure, out, reporting, say, show_json, table_of

_SYSTEM = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
app = typer.Typer(
    help=f"""Take over what a municipality has in the systems used before (移行), from CSV files.

    Not to be confused with `kumiai bundle import`, which brings a bundle, everything that a federation kept of a
    municipality, into another federation. This goes through the front door: every household, assessment or number is
    a notice with a receipt. Files and columns: docs/integrators/import.md, or `kumiai import columns residents`.

      kumiai import residents 131016 residents.csv --system old-juki --dry-run

      kumiai import residents 131016 residents.csv --system old-juki

      kumiai import taxpayers 131016 taxpayers.csv --system old-juki

      kumiai import addressees 131016 addressees.csv --system old-juki

    Interrupted or killed, the same command goes on where it was, and nothing is recorded twice. {EXIT_CODES}
    Rows in the file = accepted + refused, always; the report names each refused row with its reason.""",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Csv = Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8 or CP932; the first row names the columns.")]
System = Annotated[
    str, typer.Option(help="旧システム: whose numbers and 外字 these are, such as old-juki; the same for all files.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check all, also by the service's rules; record nothing.")]
Offline = Annotated[bool, typer.Option("--offline", help="With --dry-run: check only what the file itself tells.")]
Report = Annotated[Path | None, typer.Option(help="Where refused rows go; FILE.refused.csv if none is named.")]
Encoding = Annotated[str, typer.Option(help=f"{' or '.join(ENCODINGS)}; found out if none is named.")]
On = Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="移行日; today if none is named.")]
Place = Annotated[str, typer.Option(help="The office that stands in the notices.")]
Operator = Annotated[str, typer.Option(help="The operator that stands in the notices.")]
Anew = Annotated[bool, typer.Option("--anew", help="Forget how far an import of this file was, and begin again.")]
Numbers = Annotated[Path | None, typer.Option(help="Write here which 宛名番号 stands for which of before.")]


@app.command()
def residents(
    code: Code,
    file: Csv,
    system: System,
    dry_run: DryRun = False,
    offline: Offline = False,
    report: Report = None,
    numbers: Numbers = None,
    encoding: Encoding = "",
    on: On = "",
    place: Place = "",
    operator: Operator = "import",
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """Residents with their histories (住民と異動履歴), also those who have left or died. First of the three.

    kumiai import residents 131016 residents.csv --system old-juki --numbers numbers.csv
    """
    with reporting(as_json):
        options = _options(system, on, place, operator)
        run(
            Asked(
                kind=KINDS["residents"],
                municipality=parse_code(code),
                path=file,
                options=options,
                dry_run=dry_run,
                offline=offline,
                report=report or _beside(file),
                encoding=encoding,
                anew=anew,
                numbers=numbers,
                as_json=as_json,
            )
        )


@app.command()
def taxpayers(
    code: Code,
    file: Csv,
    system: System,
    dry_run: DryRun = False,
    offline: Offline = False,
    report: Report = None,
    encoding: Encoding = "",
    operator: Operator = "import",
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """Assessments of the resident tax with what of them is open (賦課と未納額). After the residents.

    kumiai import taxpayers 131016 taxpayers.csv --system old-juki
    """
    with reporting(as_json):
        options = _options(system, "", "", operator)
        run(
            Asked(
                kind=KINDS["taxpayers"],
                municipality=parse_code(code),
                path=file,
                options=options,
                dry_run=dry_run,
                offline=offline,
                report=report or _beside(file),
                encoding=encoding,
                anew=anew,
                numbers=None,
                as_json=as_json,
            )
        )


@app.command()
def addressees(
    code: Code,
    file: Csv,
    system: System,
    dry_run: DryRun = False,
    offline: Offline = False,
    report: Report = None,
    encoding: Encoding = "",
    place: Place = "",
    operator: Operator = "import",
    anew: Anew = False,
    as_json: Json = False,
) -> None:
    """What each line of business calls a person (業務ごとの宛名番号). After the residents.

    kumiai import addressees 131016 addressees.csv --system old-juki
    """
    with reporting(as_json):
        options = _options(system, "", place, operator)
        run(
            Asked(
                kind=KINDS["addressees"],
                municipality=parse_code(code),
                path=file,
                options=options,
                dry_run=dry_run,
                offline=offline,
                report=report or _beside(file),
                encoding=encoding,
                anew=anew,
                numbers=None,
                as_json=as_json,
            )
        )


@app.command()
def columns(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(KINDS)}.")], as_json: Json = False
) -> None:
    """The columns of a file, as they are documented and checked; in Markdown where it goes into a file.

    kumiai import columns residents
    """
    with reporting(as_json):
        if kind not in KINDS:
            raise Failure(f"There is no file {kind}; choose from {', '.join(KINDS)}.", USAGE)
        if as_json:
            show_json(KINDS[kind].row.model_json_schema(schema_generator=Described))
        elif out.is_terminal:
            _show_columns(KINDS[kind])
        else:
            say(document.table(KINDS[kind]))


def _show_columns(kind: Kind) -> None:
    shown = table_of("form", "meaning", title=f"{kind.name}: {kind.title}", first="column")
    for column in document.columns(kind):
        form = column.form.replace("`", "")
        shown.add_row(column.name, escape(f"needed; {form}" if column.needed else form), column.meaning)
    out.print(shown)
    for name, codes in document.long_lists(kind).items():
        listed = table_of("meaning", first=f"code of {name}")
        for code, said in codes.items():
            listed.add_row(code, said)
        out.print(listed)


def _options(system: str, on: str, place: str, operator: str) -> Options:
    if not _SYSTEM.fullmatch(system):
        said = "a system's name has small letters, digits, '.', '_' and '-', such as old-juki"
        raise Failure(f"{system!r}: {said}.", USAGE)
    if not on:
        return Options(system, None, place, operator)
    try:
        day = date.fromisoformat(on)
    except ValueError:
        raise Failure(f"{on} is no day; write it as YYYY-MM-DD.", USAGE) from None
    if day > day_in_japan(now()):
        raise Failure(f"{on} has not come yet; what is carried over is carried over by today.", USAGE)
    return Options(system, day, place, operator)


def _beside(file: Path) -> Path:
    return Path(f"{file}.refused.csv")
