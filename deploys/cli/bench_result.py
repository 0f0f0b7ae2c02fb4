"""What becomes of a benchmark: kept, compared, shown, and an exit code."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.document import About, document
from checks.benchmarks.kept import Kept, folder, keep, sides, write
from checks.benchmarks.load.point import Point
from checks.benchmarks.numbers.figures import Figures, figures
from checks.benchmarks.numbers.gate import Finding, compare
from checks.benchmarks.numbers.rows import Row, rows
from deploys.cli.bench_beside import opinion_lines
from deploys.cli.bench_text import print_figures, print_gate
from deploys.cli.exit_codes import ExitCode


@dataclass(frozen=True)
class Result:
    """All that was measured, and what it is compared with."""

    about: About
    points: Sequence[Point]
    opinions: Iterable[Mapping[str, Any]]
    """Of other clients, who are asked when it is read; see bench_beside."""
    before: Kept | None
    energy: Mapping[str, Any] | None
    """See checks/benchmarks/energy.py; None: no GPU was read."""


def told(root: Path, result: Result, *, as_json: bool) -> int:
    """Keeps it, compares it, shows it; gives the exit code."""
    found = [figures(point, result.about.objective) for point in result.points]
    requests = list(rows(result.points))
    whole = document(result.about, result.points, found)
    findings = _findings(whole, requests, result.before)
    whole["gate"] = _gate_words(findings, result.before)
    whole["second_opinions"] = []
    whole["energy"] = result.energy
    path = keep(folder(root, result.about.environment), whole, requests)
    # Afterwards: whoever ends another client, which takes its time, keeps what was measured.
    for one in result.opinions:
        whole["second_opinions"].append(one)
        write(path, whole)
    _show(found, whole, findings, result.before, path, as_json=as_json)
    return _exit_code(found, findings, whole["second_opinions"])


def _show(
    found: Sequence[Figures],
    whole: Mapping[str, Any],
    findings: Sequence[Finding],
    before: Kept | None,
    path: Path,
    *,
    as_json: bool,
) -> None:
    if as_json:
        print(json.dumps(whole, indent=2))
        return
    print_figures(found, whole, Console())
    for line in opinion_lines(whole["second_opinions"], found):
        print(line)
    if before is not None:
        print_gate(findings, before, Console())
    print(f"written: {path}, beside it .csv (each request) and .html (charts)")


def _exit_code(
    found: Sequence[Figures], findings: Sequence[Finding], opinions: Sequence[Mapping[str, Any]]
) -> int:
    errors = [str(one["error"]) for one in opinions if "error" in one]
    nothing = not any(one.outcomes.get(Outcome.answered) for one in found)
    for error in ["nothing was answered"] * nothing + errors:
        print(f"error: {error}", file=sys.stderr)
    if any(one.verdict == "regressed" for one in findings):
        return ExitCode.VERIFICATION_FAILED
    return ExitCode.OPERATION_FAILED if nothing or errors else ExitCode.DONE


def _findings(
    whole: Mapping[str, Any], requests: Sequence[Row], before: Kept | None
) -> list[Finding]:
    if before is None:
        return []
    return compare(sides(whole, requests), sides(before.document, before.rows()))


def _gate_words(findings: Sequence[Finding], before: Kept | None) -> dict[str, Any] | None:
    """None where there was nothing to compare with."""
    if before is None:
        return None
    return {
        "fleet": before.fleet,
        "time": before.document["time"],
        "findings": [asdict(one) for one in findings],
    }
