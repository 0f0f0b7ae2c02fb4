"""`homeport bench ENV`: load on the gateway, what users would feel, and whether that got worse."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn

from checks.benchmarks.client.line import Lines
from checks.benchmarks.client.sample import Outcome
from checks.benchmarks.document import About, document, workload_words
from checks.benchmarks.kept import Kept, folder, keep, last, sides
from checks.benchmarks.load.measure import Asking, NoAnswer, Spans, first_look, measure
from checks.benchmarks.load.point import Load, Point
from checks.benchmarks.load.prompts import Scale
from checks.benchmarks.load.workload import Bodies, Workload
from checks.benchmarks.numbers.figures import figures
from checks.benchmarks.numbers.gate import Finding, compare
from checks.benchmarks.numbers.objective import Objective
from checks.benchmarks.numbers.rows import Row, rows
from deploys.cli import bench_options as words
from deploys.cli.batch_options import ClientOption
from deploys.cli.bench_target import Target, require_applied, require_fits, require_loaded, target
from deploys.cli.bench_text import print_figures, print_gate
from deploys.cli.exit_codes import ExitCode
from deploys.cli.plan import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.refusal import Complaint, Refused

NOTHING = "none"


def bench(
    environment: EnvironmentArgument,
    model: words.ModelOption = "",
    client: ClientOption = "",
    concurrency: words.ConcurrencyOption = "",
    rate: words.RateOption = "",
    profile: words.ProfileOption = "steady",
    seconds: words.SecondsOption = 30,
    warm_up: words.WarmUpOption = 5,
    runs: words.RunsOption = 3,
    prompt_tokens: words.PromptOption = "256",
    completion_tokens: words.CompletionOption = "128",
    shared_tokens: words.SharedOption = 0,
    first_token_ms: words.FirstTokenOption = 2000,
    token_ms: words.TokenOption = 200,
    total_ms: words.TotalOption = 0,
    timeout: words.TimeoutOption = 300,
    seed: words.SeedOption = 1,
    against: words.AgainstOption = "",
    as_json: JsonOption = False,
) -> int:
    """Measures latency, throughput and goodput under load, and compares with the last release."""
    wanted = words.loads(concurrency, rate, profile)
    prompts = words.lengths("--prompt-tokens", prompt_tokens)
    completions = words.lengths("--completion-tokens", completion_tokens)
    root = repository_root()
    asked = target(root, environment, model, client)
    workload = Workload(asked.model, asked.path, prompts, completions, shared_tokens, seed)
    require_fits(workload, asked.context_tokens)
    spans = Spans(seconds, warm_up, runs)
    before = _before(root, asked, workload, against)
    if not require_applied(asked, root):
        return ExitCode.HOST_UNREACHABLE
    try:
        scaled, points = asyncio.run(_measured(asked, workload, wanted, spans, timeout))
    except NoAnswer as none:
        print(f"error: {asked.way.url}: {none}", file=sys.stderr)
        print(f"hint: homeport verify {environment}", file=sys.stderr)
        return ExitCode.HOST_UNREACHABLE if none.unreachable else ExitCode.OPERATION_FAILED
    objective = Objective(first_token_ms / 1000, token_ms / 1000, total_ms / 1000 or None)
    when = f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    about = About(environment, asked.fleet, when, workload, objective, spans, scaled)
    return _told(root, about, points, before, as_json=as_json)


def _before(root: Path, asked: Target, workload: Workload, against: str) -> Kept | None:
    """What it will be compared with; raises Refused where that is named and not there."""
    if against == NOTHING:
        return None
    where = folder(root, asked.environment)
    found = last(where, workload_words(workload), asked.fleet, against)
    if found is None and against:
        wrong = f"no benchmark of {against} with this workload lies in {where.relative_to(root)}"
        raise Refused([Complaint("--against", "", wrong, "leave it out, or the same options")])
    return found


async def _measured(
    asked: Target, workload: Workload, wanted: Sequence[Load], spans: Spans, timeout_seconds: float
) -> tuple[Scale | None, list[Point]]:
    lines = Lines(asked.way, asked.headers, timeout_seconds)
    try:
        look = await first_look(lines, workload)
        require_loaded(look.release, asked)
        bodies = Bodies(workload, look.scale or Scale(), asked.context_tokens)
        with _progress(len(wanted) * spans.runs) as told:
            return look.scale, await measure(Asking(lines, bodies, workload), wanted, spans, told)
    finally:
        lines.close()


@contextmanager
def _progress(runs: int) -> Iterator[Callable[[Load, int], None]]:
    """A line that says what is measured; nothing where nobody looks."""
    console = Console(stderr=True)
    column = TextColumn("{task.description}", markup=False)
    with Progress(column, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, begun = bar.add_task(""), iter(range(1, runs + 1))

        def told(load: Load, number: int) -> None:
            bar.update(task, description=f"{next(begun)} of {runs}: {load.name}, run {number + 1}")

        yield told


def _told(
    root: Path, about: About, points: Sequence[Point], before: Kept | None, *, as_json: bool
) -> int:
    """Keeps it, compares it, shows it."""
    found = [figures(point, about.objective) for point in points]
    requests = list(rows(points))
    whole = document(about, points, found)
    findings = _findings(whole, requests, before)
    whole["gate"] = _gate_words(findings, before)
    path = keep(folder(root, about.environment), whole, requests)
    if as_json:
        print(json.dumps(whole, indent=2))
    else:
        print_figures(found, whole, Console())
        if before is not None:
            print_gate(findings, before, Console())
        print(f"written: {path}, beside it .csv (each request) and .html (charts)")
    if not any(one.outcomes.get(Outcome.answered) for one in found):
        print("error: nothing was answered", file=sys.stderr)
        return ExitCode.OPERATION_FAILED
    worse = any(one.verdict == "regressed" for one in findings)
    return ExitCode.VERIFICATION_FAILED if worse else ExitCode.DONE


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
