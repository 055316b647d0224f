"""Planting a bug: a copy of the ground's code with one patch applied. The code itself has no switch for it.

A service that has the copy in its PYTHONPATH runs on it: that comes before the workspace's own packages.
"""

import os
import shutil
import subprocess
from pathlib import Path

from kumiai_local.layout import checkout

PATCHES = Path(__file__).with_name("patches")
GROUND = checkout() / "libs" / "common" / "src"


class DoesNotApply(AssertionError):
    """The code has changed where a patch plants its bug: the patch has to be made anew."""


def plant(bug: str, folder: Path, ground: Path = GROUND) -> Path:
    """Copy the ground into a folder and plant a bug there; the directory for PYTHONPATH. Raises DoesNotApply."""
    assert shutil.which("git"), "install git: it applies the patches"
    copy = folder / bug
    shutil.copytree(ground, copy, ignore=shutil.ignore_patterns("__pycache__"))
    # Without the ceiling git would find the checkout around the folder, and skip what is not part of it.
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(PATCHES / f"{bug}.patch")],
        cwd=copy,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(copy.parent.resolve())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if applied.returncode:
        raise DoesNotApply(f"{bug}: {applied.stdout.strip()}")
    return copy
