"""`make bench-gateway`: this gateway beside a bare nginx, LiteLLM and a direct connection."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.benchmarks.gateway.failover import failover
from tests.benchmarks.gateway.fronts import FRONTS, WORKERS, start_fronts
from tests.benchmarks.gateway.growth import SIZES, growth
from tests.benchmarks.gateway.images import images
from tests.benchmarks.gateway.load import CONNECTIONS
from tests.benchmarks.gateway.network import bench_network
from tests.benchmarks.gateway.small import small
from tests.benchmarks.gateway.streams import streams
from tests.benchmarks.gateway.tables import part_names, show
from tests.benchmarks.gateway.targets import verdicts
from tests.benchmarks.own_environment import BENCH
from tests.lab.kit_images import kit_images
from tests.lab.machine import LabError

# Those that differ where bodies and streams are concerned.
WITH_BODIES = ("direct", "bare", "by_model", "tokens", "litellm")
PROXIED = ("bare", "by_model", "litellm")
# Of the load before a run, for each processor: more, and others take part in what is measured.
BUSY = 0.3
WIDTH = 150

Part = Callable[[], dict[str, dict[str, Any]]]


def main(arguments: Sequence[str]) -> int:
    """Measures, prints, writes; its exit code says only whether it came to its end."""
    options = _options(arguments)
    document: dict[str, Any] = {}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Minutes lie between two parts: what is measured is kept, whatever becomes of the next.
        with closing(measure(options)) as parts:
            for document in parts:
                options.results.write_text(json.dumps(document, indent=2) + "\n")
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; containers and network are removed", file=sys.stderr)
        return 130
    finally:
        if document:
            # A file has no width, and rich takes 80 columns for it.
            show(document, Console(width=None if sys.stdout.isatty() else WIDTH))
    print(f"written: {options.results}")
    return 0


def measure(options: argparse.Namespace) -> Generator[dict[str, Any], None, None]:
    """Everything that is asked for, as a document that grows part by part."""
    document = _about()
    nginx = kit_images()["nginx"]
    with tempfile.TemporaryDirectory(prefix="homeport-") as name, bench_network():
        start_fronts(options.fronts, Path(name), nginx)
        parts = _parts(options, Path(name), nginx)
        for part in part_names():
            if part not in options.parts:
                continue
            load = os.getloadavg()[0]
            print(f"measuring: {part} (load {load:.1f})", file=sys.stderr)
            document["parts"][part] = {"load": load, "rows": parts[part]()}
            document["targets"] = verdicts(document)
            yield document


def _about() -> dict[str, Any]:
    load, cpus = os.getloadavg()[0], os.cpu_count() or 1
    if load > BUSY * cpus:
        print(
            f"warning: this machine is busy (load {load:.1f} on {cpus} CPUs): ratios within a "
            "round bear that better than figures do, and percentiles do not",
            file=sys.stderr,
        )
    return {
        "time": f"{datetime.now(UTC):%F %T} UTC",
        "machine": f"{cpus} CPUs, which load, proxies and engines share; {WORKERS} workers each",
        "load_before": load,
        "connections": CONNECTIONS,
        "parts": {},
    }


def _parts(options: argparse.Namespace, folder: Path, nginx: str) -> dict[str, Part]:
    rounds, seconds = options.rounds, options.seconds
    with_bodies = [name for name in WITH_BODIES if name in options.fronts]
    proxied = [name for name in PROXIED if name in options.fronts]
    asked = 40 if options.quick else 200
    few = 1 if options.quick else 3
    sizes = (*SIZES[:1], *SIZES[-2:]) if options.quick else SIZES
    return {
        "small": lambda: small(options.fronts, rounds, seconds),
        "streams": lambda: streams(with_bodies, rounds, asked),
        "images": lambda: images(with_bodies, rounds),
        "growth": lambda: growth(sizes, folder, nginx, few, seconds),
        "failover": lambda: failover(proxied, few),
    }


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter: three minutes")
    parser.add_argument("--rounds", type=int, help="5; 2 when quick")
    parser.add_argument("--seconds", type=int, help="of load, each time: 3; 1 when quick")
    parser.add_argument("--parts", nargs="+", choices=part_names(), default=part_names())
    parser.add_argument(
        "--fronts", nargs="+", choices=FRONTS, default=tuple(FRONTS), help="`bare` always is one"
    )
    parser.add_argument("--results", type=Path, default=BENCH / "gateway.json")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (1 if options.quick else 3)
    options.fronts = [name for name in FRONTS if name in {"bare", *options.fronts}]
    return options


if __name__ == "__main__":
    # As Ctrl-C: whatever was started is removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
