"""Finding and ending the containers of one stack's folder, also those that a killed run left."""

from __future__ import annotations

import hashlib
from pathlib import Path

import docker

from kumiai_local.layout import Layout

LABEL = "kumiai.stack"
STOP_S = 30


def config_folder(layout: Layout) -> Path:
    """What the containers read; its existence says that there may be containers."""
    return layout.run / "containers"


def label(layout: Layout) -> str:
    """What the containers of the stack in this folder are labelled with."""
    return hashlib.sha256(str(layout.root).encode()).hexdigest()[:32]


def end_containers(layout: Layout) -> list[str]:
    """Stop and remove every container of the stack in this folder; returns their names."""
    if not config_folder(layout).exists():
        return []
    client = docker.from_env()
    found = client.containers.list(all=True, filters={"label": f"{LABEL}={label(layout)}"})
    for container in sorted(found, key=lambda each: "kafka" not in each.attrs["Config"]["Image"]):
        if container.status == "paused":
            container.unpause()
        container.stop(timeout=STOP_S)
        container.remove(force=True, v=True)
    return [container.name for container in found]
