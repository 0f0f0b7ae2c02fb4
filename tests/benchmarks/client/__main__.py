"""`make bench-client`: what clients say of a server whose timings are known, beside the truth."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from checks.benchmarks.client.limits import client_figures
from checks.benchmarks.load.measure import Spans
from checks.benchmarks.second_opinions.adapter import Installed
from checks.benchmarks.second_opinions.known import ADAPTERS
from checks.benchmarks.second_opinions.question import Told, told
from tests.benchmarks.client.other_clients import install, told_by
from tests.benchmarks.client.own_clients import CLIENTS, measured
from tests.benchmarks.client.truth import timed_server, told_by_server, truth
from tests.benchmarks.own_environment import BENCH
from tests.lab.machine import LabError

RESULTS = BENCH / "client.json"
BESIDE = "the one on the PATH, else installed for this alone: aiperf 1.2 GB, guidellm up to 6"
# In brackets: by how much that is off.
HEADINGS = (
    "client",
    "streams",
    "answers",
    "first token p50",
    "p99",
    "token p50",
    "total p99",
    "CPU",
)


@dataclass(frozen=True)
class Row:
    """One client with so many streams: what it says, and what is true of the same answers."""

    client: str
    streams: int
    said: Told
    true: Told
    cpu_microseconds_per_event: float | None
    """None for a client that runs in processes of its own."""
    warnings: Sequence[str] = ()


def main(arguments: list[str]) -> int:
    """Measures, prints, writes; its exit code says only whether it came to its end."""
    options = _options(arguments)
    document: dict[str, Any] = {
        "schema": 1,
        "time": f"{datetime.now(UTC):%F %T} UTC",
        "machine": f"{os.cpu_count()} CPUs, Python {platform.python_version()}",
        "load_before": os.getloadavg()[0],
        "tokens_per_event": options.tokens_per_event,
        "rows": [],
    }
    options.results.parent.mkdir(parents=True, exist_ok=True)
    try:
        for row in measure(options):
            document["rows"].append(asdict(row))
            options.results.write_text(json.dumps(document, indent=2) + "\n")
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _print(document)
    print(f"written: {options.results}")
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-client", description=__doc__)
    parser.add_argument("--streams", type=int, nargs="*", default=[1, 16, 64, 128], metavar="N")
    parser.add_argument("--clients", nargs="*", default=[*CLIENTS], choices=[*CLIENTS, *ADAPTERS])
    parser.add_argument("--beside", nargs="*", default=[], choices=[*ADAPTERS], help=BESIDE)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--tokens-per-event", type=int, default=1)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.clients = [*dict.fromkeys([*options.clients, *options.beside])]
    return options


def measure(options: argparse.Namespace) -> Iterator[Row]:
    """All clients with the same number of streams, one right after the other, then with more."""
    others = {client: install(client) for client in options.clients if client in ADAPTERS}
    words = ["--tokens-per-event", str(options.tokens_per_event)]
    with timed_server(*words) as url, tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for streams in options.streams:
                for client in options.clients:
                    place = Path(folder, f"{client}-{number}-{streams}")
                    if client in others:
                        yield _other_row(others[client], url, streams, options.seconds, place)
                    else:
                        yield _row(client, url, streams, options.seconds)


def _other_row(other: Installed, url: str, streams: int, seconds: float, folder: Path) -> Row:
    truth(url)
    # About as many as the others have: one takes a second.
    requests = max(streams, round(streams * seconds))
    said = told_by(other, url, streams, requests, folder)
    # Without its warm-up, one request of each user.
    judged = sorted(truth(url), key=lambda one: one.arrived)[streams:]
    return Row(other.adapter.program, streams, said, told_by_server(judged), None)


def _row(client: str, url: str, streams: int, seconds: float) -> Row:
    found = measured(client, url, streams, Spans(seconds, min(2, seconds), 1))
    run = found.run
    answered = [one for one in run.judged if one.is_answered]
    said = told(
        [one.first_token_seconds for one in answered],
        [one.token_seconds or 0 for one in answered],
        [one.total_seconds for one in answered],
    )
    true = told_by_server([one for one in truth(url) if run.begin <= one.arrived < run.end])
    events = sum(len(one.arrivals) for one in run.samples)
    warnings = client_figures([run.watch], answered, stamped=True).warnings
    return Row(client, streams, said, true, found.cpu_seconds / events * 1e6, warnings)


def _print(document: dict[str, Any]) -> None:
    title = f"load before: {document['load_before']:.1f} on {document['machine']}; times in ms"
    table = Table(*HEADINGS, title=title, box=None, padding=(0, 2, 0, 0))
    for row in document["rows"]:
        table.add_row(*_cells(row))
    console = Console()
    console.print(table, markup=False, highlight=False)
    for row in document["rows"]:
        for words in row["warnings"]:
            console.print(f"{row['client']}, {row['streams']} streams: {words}", highlight=False)


def _cells(row: dict[str, Any]) -> Iterator[str]:
    said, true = row["said"], row["true"]
    yield row["client"]
    yield str(row["streams"])
    yield str(said["answers"])
    for name in ("first_p50_ms", "first_p99_ms", "token_p50_ms", "total_p99_ms"):
        yield f"{said[name]:,.1f} ({said[name] - true[name]:+,.1f})"
    cost = row["cpu_microseconds_per_event"]
    yield "-" if cost is None else f"{cost:.0f} us"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
