"""The page of a benchmark: its charts show what was measured, and it needs nothing else."""

import re
from xml.etree import ElementTree

import pytest

from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.rows import rows
from checks.benchmarks.plots.page import page
from tests.checks.benchmarks.releases import documented, release
from tests.checks.benchmarks.samples import answered, failed

CLOSED = release(1, requests=40)
PEAK = Point(Load("open", per_second=5, profile="peak"), release(2, requests=40).runs)


def drawn(*points: Point, **changes: object) -> str:
    """The page of these loads."""
    return page({**documented(*points), **changes}, list(rows(points)))


def charts(text: str) -> dict[str, ElementTree.Element]:
    """Each chart by its title."""
    found = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    trees = [ElementTree.fromstring(svg) for svg in found]  # noqa: S314 - our own
    return {texts(tree, "title")[0]: tree for tree in trees}


def texts(tree: ElementTree.Element, word: str) -> list[str]:
    """Of all elements of a class."""
    marked = (one for one in tree.iter() if word in (one.get("class") or "").split())
    return [one.text or "" for one in marked]


def values(tree: ElementTree.Element) -> list[float]:
    """What a chart's bars or points stand for, as it says itself."""
    return [float(text) for text in texts(tree, "value") if text]


def test_bars_are_the_figures_of_each_load() -> None:
    document = documented(CLOSED, PEAK)
    found = charts(drawn(CLOSED, PEAK))
    times = [one["latency"]["first_token"] for one in document["loads"]]
    wanted = [one[share]["value"] * 1000 for share in ("p50", "p95") for one in times]
    assert values(found["Until the first token, ms"]) == pytest.approx(wanted)
    rates = [one["per_second"]["tokens"]["value"] for one in document["loads"]]
    assert values(found["Tokens per second, of all together"]) == pytest.approx(rates)
    labels = set(texts(found["Until the first token, ms"], "x_label"))
    assert labels == {"4 users", "5/s peak"}


def test_intervals_stay_within_their_chart() -> None:
    """A few slow answers are beyond the 95th percentile, and within its interval."""
    samples = [answered(number / 20, first=0.1) for number in range(192)]
    samples += [answered(number / 20, first=5) for number in range(192, 200)]
    tree = charts(drawn(Point(CLOSED.load, [Run(0, 10, samples)])))["Until the first token, ms"]
    whiskers = [str(one[0].get("d")) for one in tree.iter() if one.get("class") == "ci"]
    heights = [float(at) for line in whiskers for at in re.findall(r"[ML][\d.]+ (-?[\d.]+)", line)]
    assert heights
    assert min(heights) >= 0


def test_a_load_that_comes_and_goes_has_a_chart_over_time() -> None:
    assert "5/s peak: requests over time" in charts(drawn(PEAK))
    assert not [title for title in charts(drawn(CLOSED)) if "over time" in title]


def test_what_failed_what_is_slower_and_what_to_mind_stands_above_the_charts() -> None:
    shed = Point(CLOSED.load, [Run(0, 10, [answered(1), failed(2, Outcome.overloaded)])])
    slower = {"load": "4 users", "figure": "token p50", "verdict": "regressed", "words": "1 -> 2"}
    gate = {"fleet": "old", "time": "", "findings": [slower, {**slower, "verdict": "passes"}]}
    text = drawn(shed, gate=gate)
    assert "4 users: not answered: overloaded 1, of 2" in text
    assert text.count("Slower than old: 4 users, token p50: 1 -&gt; 2") == 1
    assert "Warning: 4 users: nothing was answered" in drawn(
        Point(CLOSED.load, [Run(0, 10, [failed(2)])])
    )


def test_a_page_runs_nothing_and_asks_for_nothing() -> None:
    text = drawn(CLOSED, PEAK)
    assert not re.search(r"<script|<link|src=|href=|@import|url\(", text)


def test_names_are_text_on_a_page() -> None:
    document = documented(CLOSED)
    text = drawn(CLOSED, workload={**document["workload"], "model": "<b>chat"})
    assert "&lt;b&gt;chat" in text
