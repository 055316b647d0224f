"""The dashboard *Completeness* (完全性), written as code and generated into completeness.json.

`python deploy/grafana/generate.py` writes the file; with `--check` it only says whether the file is fresh.

No query ends in `or vector(0)`: a panel without data says that nothing is measured, which is not the same as zero.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as dashboard_builder
from grafana_foundation_sdk.builders import prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

TARGET = Path(__file__).with_name("completeness.json")
DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="prometheus")
HERE = '{municipality=~"$municipality"}'
"""Which series a panel shows: those of the chosen municipalities."""
STREAM = "{{service}} · {{municipality}}/{{stream}}"


@dataclass(frozen=True)
class Panel:
    """One graph: its queries by legend, and what an operator reads from it."""

    title: str
    description: str
    queries: dict[str, str]
    """PromQL by the legend of its series."""
    unit: str = "short"
    alarm: float | None = None
    """Above this the graph is red; it is the threshold of the alert."""


def worst(metric: str, *by: str) -> str:
    """The worst that any worker of a service says."""
    return f"max by ({', '.join(by)}) ({metric}{HERE})"


def rate(metric: str, *by: str, selector: str = HERE) -> str:
    """Per second, over all workers of a service."""
    return f"sum by ({', '.join(by)}) (rate({metric}{selector}[$__rate_interval]))"


def effect_quantile(quantile: float) -> str:
    """Seconds from the producer's commit to the reader's; measured over all municipalities together."""
    seconds = "sum by (le, service, stream) (rate(kumiai_commit_to_effect_seconds_bucket[$__rate_interval]))"
    return f"histogram_quantile({quantile}, {seconds})"


PER_STREAM = ("service", "municipality", "stream")

PANELS = (
    Panel(
        "先頭と読み手の位置 · Heads against readers",
        "Positions. A reader's line lies on its stream's head; where it stays below, events are missing there.",
        {
            "head · {{municipality}}/{{stream}}": worst("kumiai_stream_head_position", "municipality", "stream"),
            f"reader {STREAM}": worst("kumiai_reader_position", *PER_STREAM),
        },
    ),
    Panel(
        "遅れ(件数) · Lag in events",
        "The head as the producer last told it over HTTP, less the reader's own position. Kafka has no say in it.",
        {STREAM: worst("kumiai_reader_lag_events", *PER_STREAM)},
        alarm=1,
    ),
    Panel(
        "最も古い未適用の経過秒 · Oldest unapplied event",
        "How long the oldest event that a reader has not applied has been in its producer's log.",
        {STREAM: worst("kumiai_reader_oldest_unapplied_seconds", *PER_STREAM)},
        unit="s",
        alarm=30,
    ),
    Panel(
        "保留中のキー · Parked keys",
        "People or households whose events wait because one of them fails again and again. Complete means none.",
        {"{{service}} · {{municipality}}": worst("kumiai_parked_keys", "service", "municipality")},
        alarm=1,
    ),
    Panel(
        "不受理の受領書 · Refused receipts",
        "Notices a second that were refused, and those that could not even be answered. The receipt says why.",
        {
            "{{service}} · {{municipality}} · {{outcome}}": rate(
                "kumiai_receipts_total",
                "service",
                "municipality",
                "outcome",
                selector='{municipality=~"$municipality", outcome=~"refused|unanswerable"}',
            )
        },
        unit="reqps",
    ),
    Panel(
        "分岐した流れ · Diverged streams",
        "1 where a producer's log contradicts what a reader applied. That stream stands still until a person decides.",
        {STREAM: worst("kumiai_reader_diverged", *PER_STREAM)},
        alarm=1,
    ),
    Panel(
        "自団体システムの不整合 · Own systems that diverged",
        "Numbers missing in a municipality's own feed, and people about whom it and the registry part. 0 is in order.",
        {"{{service}} · {{municipality}}": worst("kumiai_feed_diverged", "service", "municipality")},
        alarm=1,
    ),
    Panel(
        "確定から反映まで · Commit to effect",
        "Seconds from the producer's commit to the committed effect, all municipalities together.",
        {
            "p50 · {{service}} · {{stream}}": effect_quantile(0.5),
            "p99 · {{service}} · {{stream}}": effect_quantile(0.99),
        },
        unit="s",
    ),
    Panel(
        "追記と発行 · Appended against published",
        "Events a second. Published falls behind appended while Kafka is away, and is above it while it catches up.",
        {
            f"appended · {STREAM}": rate("kumiai_events_appended_total", *PER_STREAM),
            f"published · {STREAM}": rate("kumiai_events_published_total", *PER_STREAM),
        },
        unit="eps",
    ),
    Panel(
        "サービスの稼働可否 · Readiness",
        "1 while every process of a service can do its work, 0 while one can't; `/health/ready` there says why.",
        {"{{service}}": "min by (service) (kumiai_ready)"},
    ),
)


def build() -> str:
    """The dashboard as JSON text."""
    board = (
        dashboard_builder.Dashboard("完全性 · Completeness")
        .uid("kumiai-completeness")
        .description("Whether every event of every municipality has arrived everywhere, and if not, where it waits.")
        .tags(["kumiai"])
        .editable()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .refresh("5s")
        .time("now-30m", "now")
        .timezone(common.TimeZoneBrowser)
        .with_variable(
            dashboard_builder.QueryVariable("municipality")
            .label("団体 · Municipality")
            .datasource(DATASOURCE)
            .query("label_values(kumiai_stream_head_position, municipality)")
            .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
        )
    )
    for number, panel in enumerate(PANELS, 1):
        board = board.with_panel(graph(panel).id(number))
    return JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(board.build()) + "\n"


def graph(panel: Panel) -> timeseries.Panel:
    """A panel as a time series, two in a row."""
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .min(0)
        .span(12)
        .height(8)
        .legend(
            common_builder.VizLegendOptions()
            .show_legend(True)
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
        )
    )
    for target in targets(panel):
        built = built.with_target(target)
    if panel.alarm is not None:
        steps = [dashboard.Threshold(value=None, color="green"), dashboard.Threshold(value=panel.alarm, color="red")]
        built = built.thresholds(
            dashboard_builder.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
        ).thresholds_style(common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))
    return built


def targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    """A panel's queries, lettered as Grafana letters them."""
    for letter, (legend, query) in zip("ABCDEF", panel.queries.items(), strict=False):
        yield prometheus.Dataquery().ref_id(letter).datasource(DATASOURCE).expr(query).legend_format(legend)


def main() -> None:
    """Write the file, or with `--check` exit with 1 if it is not what would be written."""
    text = build()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        sys.exit("deploy/grafana/completeness.json is stale: run python deploy/grafana/generate.py")


if __name__ == "__main__":
    main()
