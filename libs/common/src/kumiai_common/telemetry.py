"""OpenTelemetry: one span a poll, and metrics for Prometheus. Labels are names and codes, never people.

Invariant: what a gauge says of a municipality, one worker of a service says: the one in charge of it. A worker that
lost it falls silent at once, so nobody's last word stays.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set

from opentelemetry import metrics, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_Key = tuple[str, str]


class Telemetry:
    """The instruments of one service process."""

    def __init__(self, service: str) -> None:
        self._service = service
        resource = Resource.create({"service.name": service})
        trace.set_tracer_provider(TracerProvider(resource=resource))
        view = View(
            instrument_name="kumiai_commit_to_effect",
            aggregation=ExplicitBucketHistogramAggregation(_SECONDS),
        )
        metrics.set_meter_provider(
            MeterProvider([PrometheusMetricReader()], resource=resource, views=[view], shutdown_on_exit=False)
        )
        self.tracer = trace.get_tracer("kumiai")
        meter = metrics.get_meter("kumiai")
        # Counted here and only observed there, since the library's own counters never forget a municipality.
        self._appended: Counter[_Key] = Counter()
        self._published: Counter[_Key] = Counter()
        self._applied: Counter[_Key] = Counter()
        self._receipts: Counter[_Key] = Counter()
        for name, counted in (
            ("kumiai_events_appended", self._appended),
            ("kumiai_events_published", self._published),
            ("kumiai_events_applied", self._applied),
        ):
            meter.create_observable_counter(name, [self._totals(counted)])
        meter.create_observable_counter("kumiai_receipts", [self._by_outcome])
        self._effect = meter.create_histogram("kumiai_commit_to_effect", unit="s")
        self._in_charge: Callable[[str], bool] = lambda _: True
        self._ready = 0
        self._left: Set[str] = frozenset()
        self._heads: dict[_Key, int] = {}
        self._readers: dict[_Key, int] = {}
        self._lags: dict[_Key, int] = {}
        self._oldest: dict[_Key, float] = {}
        self._diverged: dict[_Key, int] = {}
        self._parked: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._feeds: dict[str, int] = {}
        for name, values in (
            ("kumiai_stream_head_position", self._heads),
            ("kumiai_reader_position", self._readers),
            ("kumiai_reader_lag_events", self._lags),
            ("kumiai_reader_oldest_unapplied", self._oldest),
            ("kumiai_reader_diverged", self._diverged),
        ):
            unit = "s" if name.endswith("unapplied") else ""
            meter.create_observable_gauge(name, [self._by_stream(values)], unit=unit)
        meter.create_observable_gauge("kumiai_ready", [self._readiness])
        for name, counts in (
            ("kumiai_parked_keys", self._parked),
            ("kumiai_intake_held_events", self._held),
            ("kumiai_feed_diverged", self._feeds),
        ):
            meter.create_observable_gauge(name, [self._by_municipality(counts)])

    def show_only(self, in_charge: Callable[[str], bool]) -> None:
        """Show gauges of those municipalities alone that this worker is in charge of when it is asked."""
        self._in_charge = in_charge

    def ready(self, ready: bool) -> None:
        """Whether the process can do its work now."""
        self._ready = int(ready)

    def heads(self, positions: Mapping[_Key, int]) -> None:
        """Where the heads stand in the database: the whole picture, but for what was appended while it was taken."""
        newer = {
            key: max(position, self._heads.get(key, 0))
            for key, position in positions.items()
            if key[0] not in self._left
        }
        self._heads.clear()
        self._heads.update(newer)

    def followed(self, keys: Set[_Key]) -> None:
        """Which streams were looked at: what was said of others (nobody subscribes any more) is taken back."""
        for values in (self._readers, self._lags, self._oldest, self._diverged):
            for key in values.keys() - keys:
                del values[key]

    def appended(self, counts: Mapping[_Key, int], heads: Mapping[_Key, int]) -> None:
        """Events appended by (municipality, stream), and where the heads are now."""
        self._appended.update(counts)
        self._heads.update(heads)

    def published(self, counts: Mapping[_Key, int]) -> None:
        """Events sent to Kafka and acknowledged."""
        self._published.update(counts)

    def applied(self, counts: Mapping[_Key, int], positions: Mapping[_Key, int]) -> None:
        """Foreign events applied, and where the reader is now."""
        self._applied.update(counts)
        self._readers.update(positions)

    def effect(self, stream: str, seconds: Iterable[float]) -> None:
        """Seconds from the producer's commit to the effect, one observation a poll's slowest and fastest event."""
        for value in seconds:
            self._effect.record(value, {"service": self._service, "stream": stream})

    def receipts(self, outcomes: Counter[_Key]) -> None:
        """Receipts by (municipality, outcome)."""
        self._receipts.update(outcomes)

    def distance(self, key: _Key, position: int, lag: int, oldest_seconds: float) -> None:
        """Where a reader stands, and how far that is behind the head that was last polled."""
        self._readers[key] = position
        self._lags[key] = lag
        self._oldest[key] = oldest_seconds

    def diverged(self, key: _Key, stopped: bool) -> None:
        """Whether a stream is stopped because its log contradicts what was applied."""
        self._diverged[key] = int(stopped)

    def parked(self, counts: Mapping[str, int]) -> None:
        """Parked keys by municipality: the whole picture, not a change."""
        self._parked.clear()
        self._parked.update(counts)

    def held(self, events: Mapping[str, int]) -> None:
        """Whose notices wait for complete replicas, and for how many events: the whole picture."""
        self._held.clear()
        self._held.update(events)

    def feeds(self, diverged: Mapping[str, int]) -> None:
        """Missing numbers and differing keys of every own system's feed: the whole picture."""
        self._feeds.clear()
        self._feeds.update(diverged)

    def left(self, municipalities: Set[str]) -> None:
        """Who has left altogether, the whole picture: their series go, though a stream that records it stays."""
        for municipality in municipalities - self._left:
            self.forget(municipality)
        self._left = municipalities

    def forget(self, municipality: str) -> None:
        """Drop every series of a municipality that has left."""
        for series in (
            self._appended,
            self._published,
            self._applied,
            self._receipts,
            self._heads,
            self._readers,
            self._lags,
            self._oldest,
            self._diverged,
        ):
            for key in [key for key in series if key[0] == municipality]:
                del series[key]
        self._parked.pop(municipality, None)
        self._held.pop(municipality, None)
        self._feeds.pop(municipality, None)

    def _totals(self, counted: Counter[_Key]) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return [Observation(count, self._labels(key)) for key, count in list(counted.items())]

        return observe

    def _by_outcome(self, _: CallbackOptions) -> Iterable[Observation]:
        return [
            Observation(count, {"service": self._service, "municipality": municipality, "outcome": outcome})
            for (municipality, outcome), count in list(self._receipts.items())
        ]

    def _labels(self, key: _Key) -> dict[str, str]:
        return {"service": self._service, "municipality": key[0], "stream": key[1]}

    def _by_stream(self, values: Mapping[_Key, float]):  # type: ignore[no-untyped-def]
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            shown = [(key, value) for key, value in values.items() if self._in_charge(key[0])]
            return [Observation(value, self._labels(key)) for key, value in shown]

        return observe

    def _by_municipality(self, counts: Mapping[str, int]):  # type: ignore[no-untyped-def]
        def observe(_: CallbackOptions) -> Iterable[Observation]:
            return [
                Observation(count, {"service": self._service, "municipality": municipality})
                for municipality, count in counts.items()
                if self._in_charge(municipality)
            ]

        return observe

    def _readiness(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._ready, {"service": self._service})]


def traceparent_of(span: Span) -> str:
    """The W3C trace context of a span."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent", "")
