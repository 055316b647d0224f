"""Apache Kafka as a process: the jars, the formatted storage, start and stop."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

from kumiai_local import class_archive
from kumiai_local.broker_settings import ADMIN, BrokerSettings
from kumiai_local.errors import MissingRequirement, StackError
from kumiai_local.layout import Layout, kafka_libs
from kumiai_local.ports import answers, pause_until
from kumiai_local.processes import Child
from kumiai_local.progress import step
from kumiai_local.secret_files import write_private

HERE = Path(__file__).parent / "kafka"
HEAP = "512m"
SHORT_RUN = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For a JVM that ends before better code or another collector would pay."""
JVM_OPTIONS = "KAFKA_JVM_PERFORMANCE_OPTS"
"""The environment variable with more options for the broker's JVM, as Kafka's own scripts name it."""
START_S = 120.0
RANK = 10
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies"
INSTALL = "install Java 17 with Maven (openjdk-17-jre-headless, maven), or Docker"


class Broker:
    """One Kafka node. Port and data stay the same over `kill` and `start`."""

    def __init__(self, layout: Layout, settings: BrokerSettings) -> None:
        self._layout = layout
        self._settings = settings
        self._child: Child | None = None

    @property
    def process(self) -> Child:
        """Raises StackError when the broker has not been started."""
        if self._child is None:
            raise StackError("the broker has not been started")
        return self._child

    def start(self) -> None:
        """Format the storage at the first start, start the broker, wait until its listener accepts connections."""
        properties = self._layout.run / "kafka.properties"
        write_private(properties, self._settings.properties().encode())
        self._format(properties)
        classes = class_archive.reading_or_writing(self._layout)
        options = os.environ.get(JVM_OPTIONS, "").split()
        arguments = self._arguments(
            "kafka", *classes, f"-Xms{HEAP}", f"-Xmx{HEAP}", *options, "kafka.Kafka", str(properties)
        )
        log = self._layout.logs / "kafka.log"
        self._child = Child.start(
            "kafka",
            ["java", f"@{arguments}"],
            records=self._layout.processes,
            log=log,
            marker=str(arguments),
            rank=RANK,
            grace_s=30.0,
        )
        deadline = time.monotonic() + START_S
        while not answers(self._settings.port):
            if not self._child.alive or not pause_until(deadline):
                raise StackError(f"Kafka did not start: see {log}")

    def stop(self) -> None:
        """A controlled shutdown."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nobody is told."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    def _arguments(self, name: str, *arguments: str) -> Path:
        """Arguments in a file that only we read: a process list shows the file's name, not a password."""
        path = self._layout.run / f"{name}.args"
        temporary = self._layout.run / "java"  # the JVM and its native libraries would write to /tmp otherwise
        temporary.mkdir(exist_ok=True)
        fixed = ["-cp", f"{kafka_libs()}/*", "-XX:-UsePerfData", f"-Djava.io.tmpdir={temporary}"]
        fixed.append(f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}")
        quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in (*fixed, *arguments)]
        write_private(path, "\n".join(quoted).encode())
        return path

    def _format(self, properties: Path) -> None:
        data = Path(self._settings.data)
        formatted = data.with_name("kafka.formatted")
        if formatted.exists() and data.exists():
            return
        shutil.rmtree(data, ignore_errors=True)  # a first start that was killed half-way
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        scram = f"SCRAM-SHA-256=[name={ADMIN},password={self._settings.admin_password}]"
        arguments = self._arguments(
            "kafka-format", *class_archive.reading(), *SHORT_RUN, "kafka.tools.StorageTool", "format",
            # With an equals sign: one identifier in 64 begins with a hyphen and would be taken for an option.
            f"--cluster-id={cluster}", "--config", str(properties), "--add-scram", scram,
        )  # fmt: skip
        done = subprocess.run(["java", f"@{arguments}"], capture_output=True, text=True, check=False)
        arguments.unlink()
        if done.returncode != 0:
            raise StackError(f"Kafka's storage could not be formatted: {done.stderr.strip() or done.stdout.strip()}")
        formatted.touch()


def require_java() -> None:
    """Raises MissingRequirement unless Java 17 or later and, for the first start, Maven are there."""
    java = shutil.which("java")
    if java is None or (shutil.which("mvn") is None and not _libs_complete()):
        raise MissingRequirement(INSTALL)
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', shown)
    if version is None or int(version[1]) < 17:
        raise MissingRequirement(INSTALL)


def fetch_libs() -> None:
    """Copy Kafka's jars through Maven, once per checkout, and hold them against the committed hashes."""
    libs = kafka_libs()
    if _libs_complete():
        return
    draft = libs.with_name("kafka-libs.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    env = {**os.environ, "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} -XX:-UsePerfData"}
    with step("Fetching Kafka's jars with Maven"):
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), COPY_GOAL, f"-DoutputDirectory={draft}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode != 0:
        raise StackError(f"Maven could not fetch Kafka's jars: {done.stdout.strip()[-2000:]}")
    for name, wanted in _pinned().items():
        jar = draft / name
        if not jar.exists() or hashlib.sha256(jar.read_bytes()).hexdigest() != wanted:
            raise StackError(f"{name} is not the pinned one: expected SHA-256 {wanted}")
    unknown = {jar.name for jar in draft.iterdir()} - _pinned().keys()
    if unknown:
        raise StackError(f"Maven fetched jars that are not pinned: {', '.join(sorted(unknown))}")
    shutil.rmtree(libs, ignore_errors=True)
    draft.rename(libs)
    class_archive.forget()


def _libs_complete() -> bool:
    return kafka_libs().exists() and {jar.name for jar in kafka_libs().iterdir()} == _pinned().keys()


def _pinned() -> dict[str, str]:
    """SHA-256 by file name."""
    lines = (HERE / "libs.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}
