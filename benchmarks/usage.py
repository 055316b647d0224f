"""What processes use: processor seconds and resident memory, read from the operating system."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil
from kumiai_local.layout import Layout
from kumiai_local.processes import read_records

SAMPLE_SECONDS = 0.25


def processes(layout: Layout) -> dict[str, psutil.Process]:
    """The processes of a running federation by name: services, `kafka`, `postgres`."""
    found = {record.name: record.process() for record in read_records(layout.processes)}
    return {name: psutil.Process(process.pid) for name, process in found.items() if process is not None}


def cpu_seconds(process: psutil.Process) -> float:
    """Processor seconds of a process and its children, those that have ended included."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    ended = process.cpu_times()
    return total + ended.children_user + ended.children_system


def cpu_by_name(running: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Processor seconds so far of each process."""
    return {name: cpu_seconds(process) for name, process in running.items()}


@contextmanager
def peak_memory(running: Mapping[str, psutil.Process]) -> Iterator[dict[str, float]]:
    """The highest resident memory in MB of each process while the block runs."""
    peaks: dict[str, float] = dict.fromkeys(running, 0.0)
    done = threading.Event()

    def look() -> None:
        while not done.wait(SAMPLE_SECONDS):
            for name, process in running.items():
                try:
                    peaks[name] = max(peaks[name], process.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue

    watcher = threading.Thread(target=look, name="memory")
    watcher.start()
    try:
        yield peaks
    finally:
        done.set()
        watcher.join()
