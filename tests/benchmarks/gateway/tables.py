"""The document as tables: each figure as the median of its rounds, and the least and most."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.gateway.fronts import FRONTS

TITLES = {
    "small": "short answers, {connections} connections",
    "streams": "time until a stream's first event",
    "images": "an image of 20 MB; memory with eight at once",
    "growth": "the gateway's cost as it grows, beside the same bare nginx",
    "failover": "one of two replicas killed under load",
}
HEADINGS = {
    "requests_per_second": "requests/s",
    "of_bare": "/ bare nginx",
    "of_bare_close": "/ no keep-alive",
    "of_litellm": "/ LiteLLM",
    "cpu_microseconds": "CPU us each",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "p50_added_ms": "p50 added ms",
    "p99_added_ms": "p99 added ms",
    "in_one_burst": "in one burst",
    "seconds": "seconds",
    "memory_before_mib": "MiB before",
    "memory_peak_mib": "MiB at most",
    "memory_mib": "MiB",
    "files_kib": "files KiB",
    "reload_seconds": "reload s",
    "longest_p99_ms": "worst p99 ms",
    "requests": "requests",
    "failed": "failed",
}


def show(document: Mapping[str, Any], console: Console) -> None:
    """Prints every part that was measured, and the targets."""
    console.print(f"{document['machine']}; load before: {document['load_before']:.1f}")
    for part, found in document["parts"].items():
        title = TITLES[part].format(**document)
        console.print(table(f"{title}; load {found['load']:.1f}", found["rows"]))
    if not document.get("targets"):
        return
    targets = Table("target", "bound", "measured", "", title="targets, by medians", box=None)
    for one in document["targets"]:
        met = "met" if one["is_met"] else "missed"
        met += "" if one["is_sure"] else ", but rounds disagree"
        targets.add_row(one["target"], one["bound"], f"{one['measured']:g}", met)
    console.print(targets)


def table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """One part; a column for each figure that any row has."""
    columns = [name for name in HEADINGS if any(name in row for row in rows.values())]
    made = Table("", *(HEADINGS[name] for name in columns), title=title, box=None)
    for name, row in rows.items():
        words = FRONTS[name].words if name in FRONTS else name
        made.add_row(words, *(cell(row.get(column)) for column in columns))
    return made


def cell(value: object) -> str:
    """A figure; a spread as its median, and the least and most."""
    if isinstance(value, Mapping):
        return f"{_short(value['median'])} ({_short(value['least'])}-{_short(value['most'])})"
    return "" if value is None else _short(value)


def _short(value: Any) -> str:  # noqa: ANN401 - a number of JSON
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def part_names() -> Sequence[str]:
    """In the order in which they are measured."""
    return tuple(TITLES)
