"""`make bench-verify`: every check on fleets of fake hosts, from one to a hundred."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.verify.fake_hosts import FakeHosts, fake_hosts
from tests.lab.machine import ROOT

RESULTS = ROOT / ".homeport" / "bench" / "verify.json"
# Each answer of one host of the second row comes so much later.
LATE_SECONDS = 5.0
HEADINGS = ("hosts", "seconds", "beside one host", "CPU seconds", "MiB", "round trips of a host")


def main(arguments: list[str]) -> int:
    """Measures, prints, writes; its exit code."""
    parser = argparse.ArgumentParser(prog="make bench-verify", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 5, 20, 50, 100])
    parser.add_argument("--fast", action="store_true", help="hosts answer at once")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    document = measure(options.hosts, fast=options.fast)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(document, indent=2) + "\n")
    _print(document["rows"])
    print(f"written: {options.results}")
    return 0


def measure(sizes: Sequence[int], *, fast: bool) -> dict[str, Any]:
    """A row for each size, and one with a host that is late at the largest but one."""
    document: dict[str, Any] = {
        "time": f"{datetime.now(UTC):%F %T} UTC",
        "load_before": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory() as folder:
        fleet = fake_hosts(Path(folder), fast=fast)
        # The answers are worked out in a run that does not count.
        fleet.commit(1)
        fleet.verify()
        rows = [_row(fleet, hosts) for hosts in sizes]
        if not fast:
            fleet.is_late("gpu001", LATE_SECONDS)
            rows.append({**_row(fleet, 20), "late_seconds": LATE_SECONDS})
    for row in rows:
        row["ratio"] = round(row["wall_seconds"] / rows[0]["wall_seconds"], 2)
    return {**document, "rows": rows}


def _row(fleet: FakeHosts, hosts: int) -> dict[str, Any]:
    fleet.commit(hosts)
    once, round_trips = fleet.verify()
    return {
        "hosts": hosts,
        "wall_seconds": round(once.wall_seconds, 1),
        "cpu_seconds": round(once.cpu_seconds, 1),
        "largest_mib": round(once.largest_mib),
        "round_trips": round_trips,
    }


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*HEADINGS)
    for row in rows:
        late = f", one of them {row['late_seconds']:.0f} s late" if "late_seconds" in row else ""
        figures = ("wall_seconds", "ratio", "cpu_seconds", "largest_mib", "round_trips")
        table.add_row(f"{row['hosts']}{late}", *(str(row[name]) for name in figures))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
