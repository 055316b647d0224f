"""Kafka's classes as the JVM wants them in memory, in one file per checkout (AppCDS): Kafka starts with 40 % less work.

The first broker writes the file when it is stopped in order, which takes it some seconds. The next one uses it once a
JVM of its own has found it whole: half a file, of a broker that was killed meanwhile, would crash whatever maps it. A
JVM that finds a whole file that does not fit it or the jars starts without it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from kumiai_local.layout import Layout, kafka_libs


def archive() -> Path:
    """The file for this machine's JVM, there or not."""
    java = Path(shutil.which("java") or "java").resolve()
    installed = int(java.stat().st_mtime) if java.exists() else 0
    return kafka_libs().with_name(f"kafka-classes-{installed}.jsa")


def reading() -> list[str]:
    """Options for a JVM that uses the file, if it is there."""
    return [f"-XX:SharedArchiveFile={archive()}"] if archive().exists() else []


def reading_or_writing(layout: Layout) -> list[str]:
    """Options for a broker: use the file, or write one for those that come after it."""
    keep(layout)
    return reading() or [f"-XX:ArchiveClassesAtExit={_draft(layout)}", "-Xlog:cds=off", "-Xlog:cds+dynamic=off"]


def keep(layout: Layout) -> None:
    """Let all brokers have the file that this folder's last one wrote at its end, if it is whole."""
    draft = _draft(layout)
    if draft.exists():
        if _whole(draft):
            draft.replace(archive())
        else:
            draft.unlink()


def _draft(layout: Layout) -> Path:
    return layout.run / "kafka-classes.jsa"


def _whole(draft: Path) -> bool:
    command = ["java", "-Xshare:on", "-XX:+VerifySharedSpaces", f"-XX:SharedArchiveFile={draft}"]
    command += ["-XX:-UsePerfData", "-cp", f"{kafka_libs()}/*", "-version"]
    # Beside the draft, where a JVM that crashes may leave its report.
    return subprocess.run(command, capture_output=True, check=False, cwd=draft.parent).returncode == 0


def forget() -> None:
    """Remove the files of other jars."""
    for path in kafka_libs().parent.glob("kafka-classes-*.jsa"):
        path.unlink()
