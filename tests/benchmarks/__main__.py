"""`make bench-deploy`: speed beside Ansible and cost of large fleets, as a table and as JSON."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import ansible
from tests.benchmarks.controller_cost import cost
from tests.benchmarks.deploy_speed import compare
from tests.lab.lab import HostSpec, running_lab
from tests.lab.machine import ROOT, LabError

RESULTS = ROOT / ".homeport" / "bench" / "deploy.json"
# Each is a container with systemd and sshd of its own; more would measure this machine's memory.
LAB_HOSTS = 5
_INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends"


def main(arguments: list[str]) -> int:
    """Measures, prints, writes; its exit code."""
    parser = argparse.ArgumentParser(prog="make bench-deploy", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="*", default=[1, 5, 20], metavar="N")
    parser.add_argument("--fake-hosts", type=int, nargs="*", default=[1, 100, 500], metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {}
    try:
        # Minutes lie between two parts: what is measured is kept, whatever becomes of the next.
        for document in measure(options.hosts, options.fake_hosts, options.rounds):
            options.results.write_text(json.dumps(document, indent=2) + "\n")
            print(f"measured: {document['parts'][-1]}", file=sys.stderr)
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _print(document)
    print(f"written: {options.results}")
    return 0


def measure(hosts: list[int], fake_hosts: list[int], rounds: int) -> Iterator[dict[str, Any]]:
    """Everything that is measured, as a document that grows part by part."""
    document: dict[str, Any] = {
        "time": f"{datetime.now(UTC):%F %T} UTC",
        "machine": f"{os.cpu_count()} CPUs, Python {platform.python_version()}",
        "load_before": os.getloadavg()[0],
        "parts": [],
        "controller": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        for number in fake_hosts:
            document["controller"].append(cost(Path(folder, f"fake{number}"), number))
            document["parts"].append(f"the controller's cost of {number} hosts")
            yield document
        if not hosts:
            return
        document |= {"ansible": ansible.install(), "speed": []}
        for names, rows in _speed(Path(folder), hosts, rounds):
            document["speed"] += rows
            document["parts"].append(f"both tools on {names} names")
            yield document


def _speed(
    folder: Path, hosts: list[int], rounds: int
) -> Iterator[tuple[int, list[dict[str, object]]]]:
    wanted = [HostSpec(f"gpu{number + 1}") for number in range(min(LAB_HOSTS, max(hosts)))]
    with running_lab("bench", wanted) as lab:
        for host in lab.hosts:
            # Ansible needs all of Python's library on a host; the kit needs no Python there.
            host.run(f"apt-get -qq update && {_INSTALL} python3 >/dev/null")
        for names in hosts:
            yield names, compare(lab, folder / f"speed{names}", names, rounds)


def _print(document: dict[str, Any]) -> None:
    if not document:
        return
    console = Console()
    console.print(f"load before: {document['load_before']:.1f} on {document['machine']}")
    if document.get("speed"):
        title = f"the kit beside ansible-core {document['ansible']}: seconds, median (least-most)"
        table = Table("work", "hosts", "homeport", "ansible", "ratio", "CPU ratio", title=title)
        for row in document["speed"]:
            keys = ("homeport_seconds", "ansible_seconds", "wall_ratio", "cpu_ratio")
            table.add_row(row["work"], _fleet(row), *(_spread(row[key]) for key in keys))
        console.print(table)
    if not document["controller"]:
        return
    table = Table("hosts", "CPU s", "CPU ms per host", "MiB", title="controller cost, nothing sent")
    for row in document["controller"]:
        keys = ("hosts", "cpu_seconds", "cpu_milliseconds_per_host", "largest_mib")
        table.add_row(*(str(row[key]) for key in keys))
    console.print(table)


def _fleet(row: dict[str, int]) -> str:
    names, hosts = row["hosts"], row["lab_hosts"]
    return f"{hosts}" if names == hosts else f"{names} names of {hosts}"


def _spread(values: dict[str, float]) -> str:
    return f"{values['median']:.1f} ({values['least']:.1f}-{values['most']:.1f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
