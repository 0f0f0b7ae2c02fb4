"""Short questions and short answers: how many in a second, and what each costs the proxy."""

from collections.abc import Sequence
from typing import Any

from tests.benchmarks.gateway.fronts import FRONTS, PROXIES
from tests.benchmarks.gateway.load import Loaded, loaded
from tests.benchmarks.gateway.rounds import interleaved, ratios
from tests.benchmarks.measure import spread

# Column -> the front that it compares with.
OTHERS = {"of_bare": "bare", "of_bare_close": "bare_close", "of_litellm": "litellm"}
Rows = dict[str, dict[str, Any]]


def small(names: Sequence[str], rounds: int, seconds: int) -> Rows:
    """A row for each front, with its ratios to those that were asked beside it."""
    found = interleaved(names, rounds, lambda name: loaded(FRONTS[name], seconds))
    return {name: _row(name, found) for name in names}


def _row(name: str, found: dict[str, list[Loaded]]) -> dict[str, Any]:
    runs = found[name]
    rates = [one.requests_per_second for one in runs]
    row: dict[str, Any] = {
        "requests_per_second": spread(rates, 0),
        "p50_ms": spread([one.p50_ms for one in runs], 3),
        "p99_ms": spread([one.p99_ms for one in runs], 3),
        "requests": sum(one.requests for one in runs),
        "failed": sum(one.failed for one in runs),
    }
    # A direct connection's container is the engine itself; two share the load of the others.
    if name in PROXIES:
        row["cpu_microseconds"] = spread([one.cpu_microseconds for one in runs], 1)
    for column, other in OTHERS.items():
        if other in found and other != name:
            row[column] = ratios(rates, [one.requests_per_second for one in found[other]])
    return row
