"""The parts in their order, on one federation; every part's figures are written as soon as they are known.

The plain comparison runs right after the end-to-end loads, on the same Kafka and PostgreSQL. Growth comes last there,
because it leaves the longest logs.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from statistics import median
from typing import Any

from kumiai_contracts.topics import SERVICES
from kumiai_local.progress import console

from benchmarks import bundling, finding, flow, importing, inquiry, latency, plain, rebuilding, tax_run
from benchmarks.bystander import Bystander
from benchmarks.federation import Federation, codes, running
from benchmarks.observer import connect
from benchmarks.plan import Plan
from benchmarks.publisher import Broker, Publishers
from benchmarks.town import Town

FOLDER = "bench"
PARTS = ("flow", "plain", "rebuild", "growth", "latency", "bundle", "tax", "inquiry", "replica", "import", "finding")
GROWTH_LOAD = 30_000
"""The most notices at once while logs are made longer."""


class Suite:
    """One run of the benchmarks."""

    def __init__(self, plan: Plan, save: Callable[[dict[str, Any]], object]) -> None:
        self._plan = plan
        self._save = save
        self.figures: dict[str, Any] = {}
        """What has been measured so far."""

    def run(self, only: frozenset[str] = frozenset()) -> None:
        """Measure all parts, or only these."""
        wanted = only or frozenset(PARTS)
        plan = self._plan
        if wanted & {"flow", "plain", "rebuild", "growth"}:
            self._throughput(wanted, codes(plan.municipalities))
        if "bundle" in wanted:
            self._bundle()
        if "tax" in wanted:
            self._tax()
        if "inquiry" in wanted:
            self._inquiry()
        if "replica" in wanted:
            self._replica()
        if "import" in wanted:
            self._import()
        if "finding" in wanted:
            self._finding()
        if "latency" in wanted:
            for workers in plan.latency_workers:
                for count in plan.latency_municipalities:
                    self._latency(count, workers)

    def _throughput(self, wanted: frozenset[str], members: Sequence[str]) -> None:
        """What shares one federation, since each part continues on the logs of the one before."""
        with ExitStack() as stack:
            federation = stack.enter_context(running(FOLDER))
            federation.join(members)
            publishers = stack.enter_context(Publishers(Broker.of(federation.addresses), members))
            if "flow" in wanted:
                self._flow(federation, publishers)
            if "plain" in wanted:
                self._plain(federation, members)
            if "rebuild" in wanted:
                self._rebuild(federation, members[: self._plan.rebuilt_municipalities])
            if "growth" in wanted:
                self._growth(federation, publishers)

    def _note(self, **found: Any) -> None:
        self.figures.update(found)
        self._save(self.figures)
        console.print(", ".join(f"{name} {value}" for name, value in found.items() if not isinstance(value, dict)))

    def _detail(self, name: str, value: Any) -> None:
        self.figures.setdefault("details", {})[name] = value
        self._save(self.figures)

    def _flow(self, federation: Federation, publishers: Publishers) -> None:
        flow.measure(federation, publishers, self._plan.notices // 3)  # warm: plans, caches, the JVM
        flows = [flow.measure(federation, publishers, self._plan.notices) for _ in range(self._plan.repetitions)]
        peaks = {name: max(each.rss_mb[name] for each in flows) for name in flows[0].rss_mb}
        self._detail("end_to_end_runs", [_described(each) for each in flows])
        self._note(
            end_to_end_per_s=round(median(each.per_s for each in flows), 1),
            rss_mb=round(max(mb for name, mb in peaks.items() if _is_service(name)), 1),
        )

    def _plain(self, federation: Federation, municipalities: Sequence[str]) -> None:
        rates = [
            plain.measure(federation.addresses, municipalities, self._plan.plain_notices)
            for _ in range(self._plan.repetitions)
        ]
        self._detail("plain_runs_per_s", [round(rate, 1) for rate in rates])
        self._note(plain_per_s=round(median(rates), 1))
        if "end_to_end_per_s" in self.figures:
            self._detail("times_plain", round(self.figures["end_to_end_per_s"] / median(rates), 2))

    def _rebuild(self, federation: Federation, municipalities: Sequence[str]) -> None:
        runs = [rebuilding.measure(federation, municipalities) for _ in range(self._plan.repetitions)]
        self._detail("rebuilt_events", runs[0].events)
        self._note(rebuild_per_s=round(median(run.per_s for run in runs), 1))

    def _growth(self, federation: Federation, publishers: Publishers) -> None:
        costs = {}
        for stored in (self._plan.growth_from, self._plan.growth_to):
            self._grow(federation, publishers, stored)
            flows = [flow.measure(federation, publishers, self._plan.notices) for _ in range(self._plan.repetitions)]
            costs[stored] = median(each.cpu_us_per_notice for each in flows)
        self._detail("cpu_us_per_notice_at_stored_events", {str(stored): round(us) for stored, us in costs.items()})
        self._note(growth=round(costs[self._plan.growth_to] / costs[self._plan.growth_from], 3))

    def _grow(self, federation: Federation, publishers: Publishers, stored: int) -> None:
        """Make the registry's logs at least so long: a notice makes two events."""
        while (missing := stored - asyncio.run(_stored_events(federation))) > 0:
            flow.measure(federation, publishers, min(max(missing // 2, len(publishers.expected)), GROWTH_LOAD))

    def _bundle(self) -> None:
        """One municipality with long logs leaves; its bundle goes into a second federation beside the first."""
        leaver, other, *newcomers = codes(2 + self._plan.newcomers)
        with running(FOLDER) as federation, ExitStack() as stack:
            folder = federation.layout.root / "out"
            federation.join([leaver], acknowledgement_key=bundling.new_key(federation, leaver, folder))
            federation.join([other])
            with Publishers(Broker.of(federation.addresses), [leaver]) as publishers:
                while (missing := self._plan.bundled_notices - publishers.expected[leaver]) > 0:
                    flow.measure(federation, publishers, min(missing, GROWTH_LOAD))
            time.sleep(10)  # what was appended last has been read and signed
            residents = asyncio.run(_residents(federation, leaver))
            elsewhere = lambda: stack.enter_context(running("bench-elsewhere"))  # noqa: E731
            with Bystander(federation, other, newcomers) as bystander:
                done = bundling.measure(federation, elsewhere, leaver, folder, bystander)
        self._detail(
            "bundle",
            {
                "residents": residents,
                "events": done.events,
                "mb": round(done.bytes / 1e6, 1),
                "seconds": {step: round(seconds, 1) for step, seconds in done.seconds.items()},
                "rss_mb": {name: round(mb, 1) for name, mb in done.rss_mb.items()},
                "import_cpu_us_per_event": {
                    name: round(used / done.events * 1e6, 1) for name, used in done.import_cpu_seconds.items()
                },
                "joined_meanwhile": bystander.joined,
                "others_notices": {during: len(times) for during, times in bystander.times.items()},
                "others_max_ms": {during: round(max(times), 1) for during, times in bystander.times.items()},
                "others_p99_ms": {
                    during: round(inquiry.p99(times), 1) for during, times in bystander.times.items() if len(times) > 1
                },
            },
        )
        self._note(
            leave_seconds=round(done.leave_seconds, 1),
            export_events_per_s=round(done.per_s("export"), 1),
            verify_events_per_s=round(done.per_s("verify"), 1),
            import_events_per_s=round(done.per_s("import"), 1),
            leave_rss_mb=round(max(done.rss_mb.values()), 1),
            others_p99_ms=round(bystander.p99_ms, 1),
        )

    def _import(self) -> None:
        """A federation of its own, into which one municipality brings its residents with their histories."""
        (member,) = codes(1)
        with running(FOLDER) as federation:
            federation.join([member])
            done = importing.measure(federation, member, self._plan.imported_residents, federation.layout.root / "out")
        self._detail("import", {"rows": done.rows, "residents": self._plan.imported_residents, "cpu_s": done.cpu_s})
        self._note(import_residents_s=round(done.seconds, 1), import_rss_mb=round(done.rss_mb, 1))

    def _tax(self) -> None:
        """A federation of its own, so that its logs hold nothing else; each size in a municipality of its own."""
        plan = self._plan
        self._note(assessments_pure_per_s=round(median(tax_run.pure(10_000) for _ in range(3)), 1))
        members = codes(len(plan.tax_payers))
        with running(FOLDER) as federation:
            federation.join(members)
            for member, payers in zip(members, plan.tax_payers, strict=True):
                each = tax_run.measure(federation, member, payers)
                self._detail(
                    f"tax_run_{payers}",
                    {
                        "per_s": round(each.per_s, 1),
                        "trial_seconds": round(each.trial_seconds, 1),
                        "cpu_us_per_payer": round(each.cpu_us_per_payer),
                        "cpu_us_by_process": {
                            name: round(used / payers * 1e6) for name, used in each.cpu_seconds.items()
                        },
                        "rss_mb": round(each.rss_mb, 1),
                    },
                )
                self._note(assessments_per_s=round(each.per_s, 1), tax_run_rss_mb=round(each.rss_mb, 1))

    def _finding(self) -> None:
        """A federation of its own: one municipality, loaded once, and then asked."""
        (member,) = codes(1)
        with running(FOLDER) as federation:
            federation.join([member])
            done = finding.measure(federation, member, self._plan.residents, self._plan.questions)
        self._detail(
            "finding",
            {
                "residents": done.residents,
                "rows": done.rows,
                "index_seconds": round(done.index_seconds, 1),
                "median_ms": {kind: round(done.median(kind), 2) for kind in done.milliseconds},
                "p99_ms": {kind: round(done.p99(kind), 2) for kind in done.milliseconds},
            },
        )
        self._note(
            load_seconds=round(done.load_seconds, 1),
            search_first_page_ms=round(max(map(done.p99, ("search_kana", "search_kanji"))), 1),
            as_of_p99_ms=round(max(map(done.p99, ("as_of_person", "as_of_household", "as_of_address"))), 1),
        )

    def _inquiry(self) -> None:
        """A federation of its own, with ten municipalities that another body asks."""
        members = codes(11)[1:]
        with running(FOLDER) as federation:
            federation.join(members, ["national-id-linkage"])
            asyncio.run(self._inquiries(inquiry.Load(federation, members)))

    async def _inquiries(self, load: inquiry.Load) -> None:
        await load.prepare()
        await inquiry.throughput(load, self._plan.inquiries // 4)  # warm
        runs = [await inquiry.throughput(load, self._plan.inquiries) for _ in range(self._plan.repetitions)]
        self._detail("inquiry_runs_per_s", [round(run.per_s, 1) for run in runs])
        self._detail(
            "cpu_us_per_inquiry",
            {name: round(used / runs[-1].inquiries * 1e6) for name, used in runs[-1].cpu_seconds.items()},
        )
        self._note(inquiries_per_s=round(median(run.per_s for run in runs), 1))
        loops = [await inquiry.latency(load, self._plan.inquiry_seconds) for _ in range(self._plan.repetitions)]
        self._detail("inquiry_p50_ms", round(median(median(way.total for way in loop) for loop in loops), 1))
        self._detail(
            "inquiry_stages_p99_ms", {name: _p99(loops, name) for name in ("to_decision", "to_network", "back")}
        )
        self._note(inquiry_p99_ms=_p99(loops, "total"))
        await load.close()

    def _replica(self) -> None:
        """From a notice to the registry until the linkage service's replica holds what follows: more than the lag."""
        members = codes(10)
        with running(FOLDER) as federation:
            federation.join(members, ["resident-registry", "national-id-linkage"])
            towns = [Town(municipality) for municipality in members]
            runs = [
                latency.measure(federation, towns, self._plan.latency_seconds, inquiry.DATABASE)
                for _ in range(self._plan.repetitions)
            ]
        self._detail("replica_lag_p50_ms", round(median(run.p50_ms for run in runs), 1))
        self._note(replica_lag_p99_ms=round(median(run.p99_ms for run in runs), 1))

    def _latency(self, count: int, workers: int) -> None:
        """A federation of its own for each, so that it holds so many municipalities and no more."""
        municipalities = codes(count)
        with running(FOLDER, workers=workers) as federation:
            federation.join(municipalities)
            towns = [Town(municipality) for municipality in municipalities]
            runs = [
                latency.measure(federation, towns, self._plan.latency_seconds) for _ in range(self._plan.repetitions)
            ]
        name = f"latency_{count}_municipalities_{workers}_workers"
        self._detail(name, {key: _median(run[key] for run in map(asdict, runs)) for key in asdict(runs[0])})
        if (count, workers) == (self._plan.latency_municipalities[0], self._plan.latency_workers[0]):
            self._note(
                p50_ms=round(median(run.p50_ms for run in runs), 1), p99_ms=round(median(run.p99_ms for run in runs), 1)
            )


async def _residents(federation: Federation, municipality: str) -> int:
    """How many people the registry has recorded."""
    database = await connect(federation.addresses, "kumiai_resident_registry")
    try:
        counted = "select count(distinct addressee_number) from resident_history where municipality = $1"
        return int(await database.fetchval(counted, municipality))
    finally:
        await database.close()


async def _stored_events(federation: Federation) -> int:
    database = await connect(federation.addresses, "kumiai_resident_registry")
    try:
        return int(await database.fetchval("select coalesce(sum(position), 0) from stream_head"))
    finally:
        await database.close()


def _described(each: flow.Flow) -> dict[str, Any]:
    return {
        "per_s": round(each.per_s, 1),
        "cpu_us_per_notice": {name: round(used / each.notices * 1e6) for name, used in each.cpu_seconds.items()},
        "rss_mb": {name: round(mb, 1) for name, mb in each.rss_mb.items()},
    }


def _p99(loops: Sequence[Sequence[inquiry.Way]], part: str) -> float:
    return round(median(inquiry.p99([getattr(way, part) for way in loop]) for loop in loops), 1)


def _is_service(process: str) -> bool:
    return process.startswith(SERVICES)


def _median(values: Iterable[float]) -> float:
    return round(median(values), 2)
