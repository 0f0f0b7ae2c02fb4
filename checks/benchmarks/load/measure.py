"""A whole benchmark: every load, run after run."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.benchmarks.client.limits import watch
from checks.benchmarks.client.line import Lines
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.loops import Ask, closed_loop, open_loop
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.load.prompts import PROBE_WORDS, Scale, prompt, scale_of
from checks.benchmarks.load.schedule import Profile, arrivals
from checks.benchmarks.load.workload import Bodies, Workload


@dataclass(frozen=True)
class Spans:
    """How long, and how often."""

    seconds: float
    warm_up_seconds: float
    runs: int


class NoAnswer(Exception):
    """The gateway did not answer the first requests: nothing was measured."""

    def __init__(self, sample: Sample) -> None:
        super().__init__(sample.words)
        self.unreachable = sample.outcome == Outcome.broken and not sample.status


@dataclass(frozen=True)
class FirstLook:
    """What two short answers tell before anything is measured."""

    scale: Scale | None
    """What the engine makes of a word; None when it does not count."""
    release: str
    """Revision of the gateway; empty where it does not say."""


async def first_look(lines: Lines, workload: Workload) -> FirstLook:
    """Asks for two of them; raises NoAnswer."""
    bodies = Bodies(workload, Scale(), 1024)
    chance = random.Random(workload.seed)  # noqa: S311 - load, no secret
    probes = []
    for words in PROBE_WORDS:
        body = bodies.body(prompt(chance, words), 1)
        sample = await lines.ask(workload.path, body, asyncio.get_running_loop().time())
        # One token may well be a blank.
        if sample.outcome not in (Outcome.answered, Outcome.empty):
            raise NoAnswer(sample)
        probes.append((words, sample.prompt_tokens))
    return FirstLook(scale_of(probes), sample.release)


@dataclass(frozen=True)
class Asking:
    """How one request is sent."""

    lines: Lines
    bodies: Bodies
    workload: Workload

    async def ask(self, wanted: float) -> Sample:
        """The next one, now."""
        return await self.lines.ask(self.workload.path, self.bodies.take(), wanted)


async def measure(
    asking: Asking,
    loads: Sequence[Load],
    spans: Spans,
    told: Callable[[Load, int], None] = lambda _load, _run: None,
) -> list[Point]:
    """Every load once, and then all of them again: what drifts meanwhile meets all of them."""
    runs: dict[Load, list[Run]] = {load: [] for load in loads}
    for number in range(spans.runs):
        for load in loads:
            told(load, number)
            asking.bodies.rewind()
            chance = random.Random(asking.workload.seed + number)  # noqa: S311 - no secret
            runs[load].append(await one_run(asking.ask, load, spans, chance))
    return [Point(load, runs[load], asking.lines.stamped) for load in loads]


async def one_run(ask: Ask, load: Load, spans: Spans, chance: random.Random) -> Run:
    """Warm-up, what is judged, and the answers that are still under way then."""
    whole = spans.warm_up_seconds + spans.seconds
    begin = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch(whole))
        if load.loop == "closed":
            ramp = spans.warm_up_seconds / 2
            samples = await closed_loop(ask, load.users, whole, ramp)
        else:
            samples = await open_loop(ask, offsets(load, spans, chance))
    return Run(begin + spans.warm_up_seconds, begin + whole, samples, watching.result())


def offsets(load: Load, spans: Spans, chance: random.Random) -> Iterator[float]:
    """When an open loop's requests begin: the warm-up at the rate with which the profile does."""
    profile = Profile(load.profile, load.per_second, spans.seconds)
    yield from arrivals(Profile("steady", profile.rate(0), spans.warm_up_seconds), chance)
    yield from (spans.warm_up_seconds + at for at in arrivals(profile, chance))
