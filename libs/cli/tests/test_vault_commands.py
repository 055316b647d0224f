"""The vault's commands without a federation: they explain themselves, and refuse what can't be meant."""

from typing import Any

import pytest
from kumiai_cli import leaving
from kumiai_cli.main import app
from kumiai_cli.outcome import USAGE
from typer.testing import CliRunner


@pytest.mark.parametrize("command", ("keys", "rotate", "own-key", "export"))
def test_a_command_of_the_vault_shows_how_it_is_used(command: str) -> None:
    shown = CliRunner().invoke(app, ["vault", command, "--help"])
    assert shown.exit_code == 0
    assert f"kumiai vault {command} 131016" in shown.output


def test_whoever_is_about_to_erase_is_asked_about_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    plan: dict[str, Any] = {
        "erases": {"national-id-linkage": {"vault_number": 1234}},
        "remains": [],
        "readers_behind": [],
    }
    leaving._show_plan(plan, as_json=False)
    assert "1,234 個人番号 end with it" in capsys.readouterr().out
    plan["erases"] = {"taxation": {"assessment": 7}}
    leaving._show_plan(plan, as_json=False)
    assert "個人番号" not in capsys.readouterr().out


def test_a_kind_of_key_that_there_is_not_is_refused() -> None:
    refused = CliRunner().invoke(app, ["vault", "rotate", "131016", "--kind", "master"])
    assert refused.exit_code == USAGE
    assert "data, mark, token" in refused.output
