"""Metrics: a municipality that has left leaves no series behind."""

import subprocess
import sys

SEEN = """
from collections import Counter
from kumiai_common.telemetry import Telemetry
from prometheus_client import generate_latest

telemetry = Telemetry("taxation")
for municipality in ("131016", "131024"):
    key = (municipality, "taxation")
    telemetry.appended({key: 2}, {key: 2})
    telemetry.appended({key: 1}, {key: 3})
    telemetry.published({key: 3})
    telemetry.applied({key: 4}, {key: 4})
    telemetry.distance(key, 4, 1, 0.5)
    telemetry.diverged(key, False)
    telemetry.receipts(Counter({(municipality, "accepted"): 5}))
telemetry.parked({"131016": 1, "131024": 1})
before = generate_latest().decode()
for total in ("events_appended_total", "receipts_total", "parked_keys", "reader_lag_events"):
    assert any("kumiai_" + total in line and "131016" in line for line in before.splitlines()), total
assert any("kumiai_events_appended_total" in line and line.endswith(" 3.0") for line in before.splitlines())
telemetry.forget("131016")
after = generate_latest().decode()
assert "131016" not in after, [line for line in after.splitlines() if "131016" in line]
assert "131024" in after
telemetry.appended({("131024", "taxation"): 1}, {("131024", "taxation"): 4})
again = generate_latest().decode()
assert any("kumiai_events_appended_total" in line and line.endswith(" 4.0") for line in again.splitlines())
# A stream that records the leave stays in the database, and its head is told at every look.
telemetry.left({"131024"})
telemetry.heads({("131024", "membership"): 20, ("131032", "membership"): 7})
left = generate_latest().decode()
assert "131024" not in left, [line for line in left.splitlines() if "131024" in line]
assert "131032" in left
telemetry.left(set())
telemetry.heads({("131024", "membership"): 21})
assert "131024" in generate_latest().decode()
"""


def test_who_was_erased_is_in_no_series_and_the_others_count_on() -> None:
    # In a process of its own: the library's provider is made once a process.
    subprocess.run([sys.executable, "-c", SEEN], check=True, timeout=60)
