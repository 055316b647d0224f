"""The patches fit the code as it is now, and a service runs on the copy."""

import compileall
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.planted.bugs import BUGS, ELSEWHERE, HARMLESS
from tests.planted.planting import PATCHES, DoesNotApply, plant

PLANTED = [*(bug.name for bug in (*BUGS, *HARMLESS)), *ELSEWHERE]


@pytest.mark.parametrize("bug", PLANTED)
def test_a_patch_applies_to_the_code_as_it_is(bug: str, tmp_path: Path) -> None:
    assert compileall.compile_dir(plant(bug, tmp_path), quiet=1)


def test_every_patch_is_one_of_the_bugs_and_every_bug_has_its_patch() -> None:
    assert sorted(patch.stem for patch in PATCHES.iterdir()) == sorted(PLANTED)


def test_a_patch_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    bug = BUGS[0].name
    planted = plant(bug, tmp_path)
    with pytest.raises(DoesNotApply, match=bug):
        plant(bug, tmp_path / "again", planted)


def test_a_service_runs_on_the_copy(tmp_path: Path) -> None:
    copy = plant(BUGS[0].name, tmp_path)
    for module in sorted({f"kumiai_{bug.service.replace('-', '_')}.handlers" for bug in BUGS}):
        where = subprocess.run(
            [sys.executable, "-c", f"import {module}, kumiai_common; print(kumiai_common.__file__)"],
            env={**os.environ, "PYTHONPATH": str(copy)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert Path(where.stdout.strip()).is_relative_to(copy)
