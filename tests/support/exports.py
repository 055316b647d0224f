"""Bundles of a municipality that leaves, exported and verified by the command line, as its officer does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kumiai_local.service_processes import ServiceProcesses

PATIENCE_S = 90.0
OFFICER = "taro"


@dataclass(frozen=True)
class Made:
    """A bundle."""

    folder: Path
    identity: str
    parts: dict[str, str]
    """The identity of each service's part. Membership's log goes on while the municipality leaves."""

    @property
    def closed(self) -> dict[str, str]:
        """Of the services that have closed."""
        return {service: identity for service, identity in self.parts.items() if service != "membership"}


class Exports:
    """One municipality's exports, each into a folder of its own."""

    def __init__(self, code: str, federation: ServiceProcesses, folder: Path) -> None:
        self._code = code
        self._federation = federation
        self._folder = folder
        self._made = 0

    def next_folder(self) -> Path:
        """Where the next bundle goes."""
        self._made += 1
        return self._folder / f"bundle-{self._made}"

    def arguments(self, folder: Path) -> tuple[str, ...]:
        """The command that exports into a folder."""
        return ("bundle", "export", self._code, str(folder), "--as", OFFICER)

    async def made(self, folder: Path | None = None) -> Made:
        """Export until it succeeds. Raises AssertionError."""
        folder = folder or self.next_folder()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            ended, said = await asyncio.to_thread(self.kumiai, *self.arguments(folder))
            if ended == 0 or (folder / "manifest.json").exists():
                break  # the one that was killed had come to its end
            assert time.monotonic() < deadline, said
            await asyncio.sleep(0.5)
        manifest = json.loads((folder / "manifest.json").read_text())
        parts = {part["service"]: part["identity"] for part in manifest["parts"]}
        return Made(folder, manifest["identity"], parts)

    async def same(self, made: Made, heads: dict[str, Any]) -> None:
        """The same again for whoever exports, proven, at the heads at which the streams closed."""
        second = await self.made()
        assert (second.identity, second.parts) == (made.identity, made.parts), (made, second)
        found = json.loads((second.folder / "manifest.json").read_text())["parts"]
        ends = {head["stream"]: (head["incarnation"], head["position"], head["hash"])
                for part in found if part["service"] != "membership" for head in part["heads"]}  # fmt: skip
        # A stream that nothing was ever appended to has no head in a bundle.
        assert ends == {stream: end for stream, end in heads.items() if end[1]}, (ends, heads)
        _, said = await asyncio.to_thread(self.kumiai, "bundle", "verify", str(second.folder))
        assert said.get("proven"), said

    def kumiai(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """A command's exit code and what it says to a machine."""
        program = [sys.executable, "-m", "kumiai_cli.main", *arguments, "--json"]
        ended = subprocess.run(program, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
        return ended.returncode, json.loads(ended.stdout) if ended.stdout else {"error": ended.stderr}

    def cut_off(self, folder: Path, after: float) -> None:
        """Begin to export and kill it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "kumiai_cli.main", *self.arguments(folder)],
            env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()

    @property
    def _environment(self) -> dict[str, str]:
        peers = ",".join(f"{name}={url}" for name, url in self._federation.peers.items())
        return {**os.environ, "KUMIAI_LOCAL_DIR": str(self._federation.layout.root), "KUMIAI_PEERS": peers}
