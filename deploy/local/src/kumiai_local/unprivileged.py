"""Running PostgreSQL for root: the server refuses root, so it runs as the system's `nobody`.

No system user is created, nothing outside the stack's folder is written. Where the checkout lies in a folder that
only root may enter, the process keeps one capability (DAC_OVERRIDE) instead of the folder's permissions being loosened.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from kumiai_local.errors import MissingRequirement

OTHERS_MAY_ENTER = 0o001


def unprivileged_user() -> tuple[int, int] | None:
    """User and group id to give up root for; None when we are not root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def unprivileged_command(*reached: Path) -> list[str]:
    """What to put before a command so that it runs as an unprivileged user that can enter the `reached` folders."""
    user = unprivileged_user()
    if user is None:
        return []
    if shutil.which("setpriv") is None:
        raise MissingRequirement("install setpriv (util-linux), or run as another user than root")
    command = ["setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups"]
    if not all(_others_may_enter(folder) for folder in reached):
        command += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*command, "--"]


def give(folder: Path) -> None:
    """Make the folder the unprivileged user's own, closed to others."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    hand_over(folder)


def hand_over(path: Path) -> None:
    """Make a file or folder the unprivileged user's own; nothing to do when we are not root."""
    user = unprivileged_user()
    if user is not None:
        os.chown(path, *user)


def _others_may_enter(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(parent.stat().st_mode & OTHERS_MAY_ENTER for parent in (resolved, *resolved.parents))
