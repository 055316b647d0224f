"""`kumiai`, the command-line program for people. Every command also speaks JSON."""

import stamina
import typer

from kumiai_cli import (
    bundle,
    bundle_import,
    desk,
    leaving,
    linkage,
    linkage_desk,
    linkage_setup,
    members,
    merging,
    own_system,
    parameters,
    parties,
    receipts,
    recovery,
    residents,
    status,
    tools,
    worklist,
)
from kumiai_cli.importing.command import app as importing
from kumiai_cli.outcome import EXIT_CODES
from kumiai_cli.vault import app as vault

stamina.instrumentation.set_on_retry_hooks([])  # the last word is the command's own

app = typer.Typer(
    name="kumiai",
    help=f"""A federation of municipalities: who is in it, and whether everything arrived.

    A first round:

      kumiai up --detach

      kumiai join 131016 --services resident-registry,taxation

      kumiai status

    {EXIT_CODES}""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    members.join,
    members.members,
    members.subscribe,
    members.unsubscribe,
    own_system.own,
    own_system.share,
    members.credentials,
    leaving.leave,
    merging.merge,
    parameters.drift,
    status.status,
    receipts.receipts,
    recovery.rebuild,
    tools.migrate,
    tools.up,
    tools.down,
):
    app.command()(command)
app.add_typer(vault, name="vault")
bundle.app.command("import")(bundle_import.import_)
app.add_typer(bundle.app, name="bundle")
app.add_typer(desk.emergency, name="emergency")
app.add_typer(importing, name="import")
app.add_typer(leaving.app, name="leaving")
app.add_typer(parameters.app, name="parameters")
app.add_typer(parties.app, name="party")
app.add_typer(recovery.parked, name="parked")
app.add_typer(desk.protection, name="protection")
app.add_typer(residents.app, name="residents")
app.add_typer(worklist.app, name="worklist")
app.add_typer(tools.tax, name="tax")
for linking in (linkage_setup.codes, linkage_setup.grant, linkage_desk.provide, linkage_desk.withhold):
    linkage.app.command()(linking)
linkage.app.add_typer(linkage_desk.exception, name="exception")
app.add_typer(linkage.app, name="linkage")

if __name__ == "__main__":
    app()
