"""Charts of a benchmark as SVG, from its JSON and its requests: what is kept can be drawn anew."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pygal

from checks.benchmarks.numbers.rows import Row
from checks.pages.looks import looks, svg

# Of a curve; more of them are larger than they are finer.
MOST_POINTS = 200


def charts(document: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[str]:
    """All that there is something to show in."""
    loads = document["loads"]
    for name, title in (("first_token", "Until the first token, ms"), ("token", "Per token, ms")):
        times = [one["latency"][name] for one in loads]
        shares = ("p50", "p95")
        yield _bars(title, loads, {at: [_bar(one[at], 1000) for one in times] for at in shares})
    rates = [_bar(one["per_second"]["tokens"], 1) for one in loads]
    yield _bars("Tokens per second, of all together", loads, {"tokens/s": rates})
    in_time = [_bar(one["attainment"], 100) for one in loads]
    yield _bars("Requests that kept the objective, %", loads, {"in time": in_time})
    if any(row.first_token_seconds is not None for row in rows):
        yield _curves("Answers by when their first token came, %", rows)
    for one in loads:
        if one["profile"] != "steady":
            yield _over_time(one)


def _bars(
    title: str,
    loads: Sequence[Mapping[str, Any]],
    series: Mapping[str, Sequence[Mapping[str, Any] | None]],
) -> str:
    """One group for each load, with whiskers where there is an interval."""
    shown = [bar for bars in series.values() for bar in bars if bar]
    tops = [bar["ci"]["high"] if "ci" in bar else bar["value"] for bar in shown]
    # pygal leaves whiskers out of the height.
    height = max(tops, default=0) or 1
    chart = pygal.Bar(**looks(title), range=(0, height), show_legend=len(series) > 1)
    chart.x_labels = [one["load"] for one in loads]
    for name, bars in series.items():
        chart.add(name, bars)
    return svg(chart)


def _bar(figure: Mapping[str, Any] | None, times: float) -> dict[str, Any] | None:
    """A figure of the document, in another unit; None: there is none."""
    if figure is None:
        return None
    bar: dict[str, Any] = {"value": figure["value"] * times}
    if figure["low"] is not None and figure["high"] is not None:
        bar["ci"] = {"low": max(0, figure["low"]) * times, "high": figure["high"] * times}
    return bar


def _curves(title: str, rows: Sequence[Row]) -> str:
    chart = pygal.XY(**looks(title), show_dots=False, range=(0, 100), x_title="ms")
    for load, its in itertools.groupby(rows, lambda row: row.load):
        times = sorted(
            one.first_token_seconds for one in its if one.first_token_seconds is not None
        )
        chosen = {round(at * (len(times) - 1) / MOST_POINTS) for at in range(MOST_POINTS + 1)}
        curve = [(times[at] * 1000, 100 * (at + 1) / len(times)) for at in sorted(chosen) if times]
        chart.add(load, curve)
    return svg(chart)


def _over_time(load: Mapping[str, Any]) -> str:
    """What became of a load that comes and goes, all runs together."""
    begins = list(dict.fromkeys(one["from_seconds"] for one in load["slices"]))
    chart = pygal.Line(**looks(f"{load['load']}: requests over time"), x_title="s")
    chart.x_labels = [f"{begin:g}" for begin in begins]
    for word in ("wanted", "answered", "shed"):
        counts = [
            sum(one[word] for one in load["slices"] if one["from_seconds"] == begin)
            for begin in begins
        ]
        chart.add(word, counts)
    return svg(chart)
