"""Two charts of a report: what became of the checks, and what took the time."""

from collections.abc import Callable, Sequence

import pygal

from checks.pages.looks import looks, svg
from checks.reports.summary import groups_of
from checks.reports.words import Check, Report

# Drawn as wide as a phone's page, so that letters keep their size there.
WIDTH, ROW, REST = 440, 30, 130
# The same as in the page's style, in the order of the bars.
RESULTS = {"passed": "#009e73", "skipped": "#8a8a8a", "failed": "#d55e00", "unreachable": "#000000"}
SECONDS = "#0072b2"
TICKS = 4


def by_result(report: Report) -> str:
    """Checks of each group, one bar with a part for each result."""
    results = [name for name in RESULTS if getattr(report.counts, name)]
    groups = groups_of(report)
    chart = _chart("Checks", groups, [RESULTS[name] for name in results], lambda n: f"{n:.0f}")
    most = max(len(checks) for checks in groups.values())
    step = max(1, -(-most // TICKS))
    chart.y_labels = list(range(0, most + step, step))
    for name in results:
        counts = [sum(one.result == name for one in checks) for checks in groups.values()]
        chart.add(name, counts[::-1])
    return svg(chart, "chart")


def by_time(report: Report) -> str:
    """Seconds of each group; what all of them wait for counts where it was asked first."""
    groups = groups_of(report)
    chart = _chart("Seconds", groups, [SECONDS], lambda n: f"{n:.3g}")
    chart.show_legend = False
    sums = [sum(one.seconds for one in checks) for checks in groups.values()]
    chart.add("seconds", sums[::-1])
    return svg(chart, "chart")


def _chart(
    title: str,
    groups: dict[str, list[Check]],
    colours: Sequence[str],
    written: Callable[[float], str],
) -> pygal.HorizontalStackedBar:
    chart = pygal.HorizontalStackedBar(
        **looks(title, WIDTH, REST + ROW * len(groups), colours), value_formatter=written
    )
    # pygal draws the first one at the bottom.
    chart.x_labels = list(groups)[::-1]
    return chart
