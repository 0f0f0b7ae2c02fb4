"""`homeport bench ENV`: load on the gateway, what users would feel, and whether that got worse."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn

from checks.benchmarks.client.line import Lines
from checks.benchmarks.document import About, workload_words
from checks.benchmarks.kept import Kept, folder, last
from checks.benchmarks.load.measure import Asking, NoAnswer, Spans, first_look, measure
from checks.benchmarks.load.point import Load, Point
from checks.benchmarks.load.prompts import Scale
from checks.benchmarks.load.workload import Bodies, Workload
from checks.benchmarks.moment import now_utc
from checks.benchmarks.numbers.objective import Objective
from deploys.cli import bench_options as words
from deploys.cli.batch_options import ClientOption
from deploys.cli.bench_beside import opinions, program
from deploys.cli.bench_energy import Meter, metered, most_seconds
from deploys.cli.bench_result import Result, told
from deploys.cli.bench_target import Target, require_applied, require_fits, require_loaded, target
from deploys.cli.exit_codes import ExitCode
from deploys.cli.options import EnvironmentArgument, JsonOption
from deploys.cli.root import repository_root
from deploys.settings.refusal import Complaint, Refused


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
    idle_seconds: words.IdleOption = 30,
    against: words.AgainstOption = "",
    beside: words.BesideOption = "",
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
    other = program(beside, wanted, asked)
    before = _before(root, asked, workload, against)
    if not require_applied(asked, root):
        return ExitCode.HOST_UNREACHABLE
    most = most_seconds(spans, len(wanted), timeout, idle_seconds)
    try:
        with metered(root, environment, asked.model, idle_seconds, most) as meter:
            scaled, points = asyncio.run(_measured(asked, workload, wanted, spans, timeout, meter))
            energy = meter.words(points)
    except NoAnswer as none:
        return _unanswered(none, asked)
    objective = Objective(first_token_ms / 1000, token_ms / 1000, total_ms / 1000 or None)
    about = About(environment, asked.fleet, now_utc(), workload, objective, spans, scaled)
    bodies = Bodies(workload, scaled or Scale(), asked.context_tokens)
    others = opinions(other, asked, bodies, points, timeout)
    return told(root, Result(about, points, others, before, energy), as_json=as_json)


def _unanswered(none: NoAnswer, asked: Target) -> int:
    print(f"error: {asked.way.url}: {none}", file=sys.stderr)
    print(f"hint: homeport verify {asked.environment}", file=sys.stderr)
    return ExitCode.HOST_UNREACHABLE if none.unreachable else ExitCode.OPERATION_FAILED


def _before(root: Path, asked: Target, workload: Workload, against: str) -> Kept | None:
    """What it will be compared with; raises Refused where that is named and not there."""
    if against == words.NOTHING:
        return None
    where = folder(root, asked.environment)
    found = last(where, workload_words(workload), asked.fleet, against)
    if found is None and against:
        wrong = f"no benchmark of {against} with this workload lies in {where.relative_to(root)}"
        raise Refused([Complaint("--against", "", wrong, "leave it out, or the same options")])
    return found


async def _measured(
    asked: Target,
    workload: Workload,
    wanted: Sequence[Load],
    spans: Spans,
    timeout_seconds: float,
    meter: Meter,
) -> tuple[Scale | None, list[Point]]:
    lines = Lines(asked.way, asked.headers, timeout_seconds)
    try:
        look = await first_look(lines, workload)
        require_loaded(look.release, asked)
        await meter.wait_idle()
        bodies = Bodies(workload, look.scale or Scale(), asked.context_tokens)
        with _progress(len(wanted) * spans.runs) as tell:
            return look.scale, await measure(Asking(lines, bodies, workload), wanted, spans, tell)
    finally:
        lines.close()


@contextmanager
def _progress(runs: int) -> Iterator[Callable[[Load, int], None]]:
    """A line that says what is measured; nothing where nobody looks."""
    console = Console(stderr=True)
    column = TextColumn("{task.description}", markup=False)
    with Progress(column, console=console, transient=True, disable=not console.is_terminal) as bar:
        task, begun = bar.add_task(""), iter(range(1, runs + 1))

        def tell(load: Load, number: int) -> None:
            bar.update(task, description=f"{next(begun)} of {runs}: {load.name}, run {number + 1}")

        yield tell
