"""The start of both parts at once: what each finds, what becomes of it when it is broken off, Kafka's classes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from kumiai_local import SERVICES, Layout, StackError, class_archive
from kumiai_local.broker import Broker
from kumiai_local.broker_settings import BrokerSettings
from kumiai_local.choose import chosen_mode
from kumiai_local.native import NativeStack
from kumiai_local.owned import Server
from kumiai_local.ports import free_ports
from kumiai_local.processes import lives, read_records
from kumiai_local.stack import Part

pytestmark = pytest.mark.stack

native = pytest.mark.skipif(chosen_mode() != "native", reason="about the processes of the native stack")


class Refuses(Server):
    """A broker that fails once the database runs."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.pids: list[int] = []

    def start(self) -> None:
        deadline = time.monotonic() + 60
        while not self.pids and time.monotonic() < deadline:
            self.pids = [record.pid for record in read_records(self._layout.processes)]
            time.sleep(0.01)
        raise StackError("this one never starts")


class HalfAStack(NativeStack):
    """The real database beside a broker that refuses."""

    def servers(self, kafka_port: int, controller_port: int, postgres_port: int) -> Mapping[Part, Server]:
        self.refuses = Refuses(self.layout)
        real = super().servers(kafka_port, controller_port, postgres_port)
        return {"kafka": self.refuses, "postgres": real["postgres"]}


@native
def test_the_other_part_is_ended_when_one_fails(own_layout: Layout) -> None:
    stack = HalfAStack(own_layout, prepared=True)
    with pytest.raises(StackError, match="never starts"):
        stack.start()
    assert stack.refuses.pids
    assert not any(lives(pid) for pid in stack.refuses.pids)
    assert read_records(own_layout.processes) == []
    with pytest.raises(StackError, match="not been started"):
        _ = stack.addresses


def test_a_signal_while_they_start_leaves_nothing(own_layout: Layout) -> None:
    own_layout.prepare()
    env = {**os.environ, "KUMIAI_LOCAL_DIR": str(own_layout.root)}
    command = [sys.executable, "-m", "kumiai_local", "up"]
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
        try:
            deadline = time.monotonic() + 60
            while not (records := read_records(own_layout.processes)) and time.monotonic() < deadline:
                time.sleep(0.01)
            up.send_signal(signal.SIGINT)
            assert up.wait(60) == 0
        finally:
            up.kill()
    assert records
    assert not any(lives(record.pid) for record in records)
    assert read_records(own_layout.processes) == []
    assert not (own_layout.run / "up").exists()


@native
def test_a_prepared_stack_has_what_the_services_need_and_kafka_keeps_its_classes(
    own_layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "kept" / "classes.jsa"
    kept.parent.mkdir()
    monkeypatch.setattr(class_archive, "archive", lambda: kept)
    draft = own_layout.run / "kafka-classes.jsa"
    with NativeStack(own_layout, prepared=True) as stack:
        for service in SERVICES:
            url = stack.addresses.postgres_url_of(service.app_role, service.database)
            secret = service.role_password(own_layout, service.app_role).read_text()
            with psycopg.connect(url, password=secret) as connection:
                assert connection.execute("SELECT count(*) FROM stream_head").fetchone() == (0,)
            assert service.private_key(own_layout).exists()
            assert service.kafka_password(own_layout).exists()
        assert not draft.exists()
    assert draft.exists()

    port, controller = free_ports(2)
    data = str(own_layout.data / "kafka")
    broker = Broker(own_layout, BrokerSettings(port, controller, data, "admin", "controller"))
    broker.start()
    try:
        assert kept.exists()
        assert str(kept) in Path(f"/proc/{broker.process.pid}/maps").read_text()
    finally:
        broker.kill()


@native
def test_half_a_file_of_classes_is_not_used(
    own_layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own_layout.prepare()
    monkeypatch.setattr(class_archive, "archive", lambda: tmp_path / "classes.jsa")
    draft = own_layout.run / "kafka-classes.jsa"
    draft.write_bytes(bytes(1_000_000))
    options = class_archive.reading_or_writing(own_layout)
    assert f"-XX:ArchiveClassesAtExit={draft}" in options
    assert not draft.exists()
    assert class_archive.reading() == []
