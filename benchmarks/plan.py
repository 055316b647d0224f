"""How much is measured: sizes and repetitions."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """The sizes of one run of the benchmarks."""

    repetitions: int
    """Each figure is the median of so many."""
    municipalities: int
    """For throughput."""
    notices: int
    """End to end, each time."""
    plain_notices: int
    latency_seconds: float
    latency_municipalities: tuple[int, ...]
    """The first is the one that `p50_ms` and `p99_ms` are of."""
    latency_workers: tuple[int, ...]
    rebuilt_municipalities: int
    growth_from: int
    """Stored events (of the registry: residents' and receipts) at which a notice's cost is measured first."""
    growth_to: int
    bundled_notices: int
    """Notices of the municipality that leaves and is imported elsewhere; each makes two events."""
    newcomers: int
    """At most so many join and ask to leave meanwhile."""
    tax_payers: tuple[int, ...]
    """Payers of the tax runs, one after the other; the last one's figures are the result."""

    imported_residents: int
    """Residents that a CSV file brings, with three history rows each."""
    inquiries: int
    """Answered at full speed, each time."""
    inquiry_seconds: float
    """Of the open loop."""
    residents: int
    """Of the municipality whose people are searched for and looked back at."""
    questions: int
    """Of each kind at the desk."""

    def until(self, stored: int) -> "Plan":
        """The same with another end of the growth."""
        return replace(self, growth_to=stored)

    def with_payers(self, sizes: tuple[int, ...]) -> "Plan":
        """The same with tax runs of other sizes."""
        return replace(self, tax_payers=sizes)


FULL = Plan(
    repetitions=3,
    municipalities=60,
    notices=30_000,
    plain_notices=3_000,
    latency_seconds=20.0,
    latency_municipalities=(10, 60, 200),
    latency_workers=(1, 2),
    rebuilt_municipalities=20,
    growth_from=100_000,
    growth_to=1_000_000,
    bundled_notices=250_000,
    newcomers=40,
    tax_payers=(10_000, 100_000, 1_000_000),
    imported_residents=100_000,
    inquiries=20_000,
    inquiry_seconds=20.0,
    residents=100_000,
    questions=1_000,
)
QUICK = Plan(
    repetitions=1,
    municipalities=20,
    notices=6_000,
    plain_notices=600,
    latency_seconds=6.0,
    latency_municipalities=(10,),
    latency_workers=(1,),
    rebuilt_municipalities=5,
    growth_from=6_000,
    growth_to=18_000,
    bundled_notices=6_000,
    newcomers=5,
    tax_payers=(5_000, 30_000),
    imported_residents=10_000,
    inquiries=5_000,
    inquiry_seconds=6.0,
    residents=10_000,
    questions=200,
)
