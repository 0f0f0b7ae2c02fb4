"""The second reading: as many lines at once as may be, each written down as soon as it is done."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from deploys.batch.asking import ask
from deploys.batch.letters import Answer, Reason
from deploys.batch.line import Request
from deploys.batch.retrying import Failure, Kind, Policy, Tries, Verdict, next_wait
from deploys.batch.tally import Model, Tally

# Lines given up one after the other, none answered between them: it is not the lines.
MOST_GIVEN_UP_IN_A_ROW = 20


class Stopped(Exception):
    """The run ended before its lines were finished; says why."""

    def __init__(self, why: str, *, unreachable: bool = False) -> None:
        super().__init__(why)
        self.unreachable = unreachable


@dataclass(frozen=True)
class Outlet:
    """Where a run leaves what it has done."""

    keep: Callable[[Request, Answer], Awaitable[Answer | Failure]]
    """Makes an answer last, and gives it back; a failure is tried again, or ends the request."""
    bury: Callable[[Request, tuple[Reason, str], Answer | None], bool]
    """Takes what has no answer, and why; False: it will be tried in another way."""


@dataclass
class Run:
    """All that the workers of one run share."""

    client: httpx.AsyncClient
    outlet: Outlet
    policy: Policy
    tally: Tally = field(default_factory=Tally)
    pause: Callable[[float], Awaitable[None]] | None = None
    """How a line waits for its next try; None: by the clock, until the run is to stop."""
    draw: Callable[[float, float], float] = random.uniform
    told: Callable[[], None] = lambda: None
    """Called whenever the tally has changed."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    why: Stopped | None = None
    """Why it stops; None while nobody has said so."""

    def stop(self, why: Stopped) -> None:
        """No further line and no further try; answers that are on their way are waited for."""
        self.why = self.why or why
        self.stopping.set()


@dataclass
class _Job:
    """One line under way."""

    request: Request
    model: Model


async def run_lines(run: Run, requests: Iterator[Request], concurrency: int) -> None:
    """Sends every request, `concurrency` at most at a time. Raises Stopped when it ends early.

    Each worker takes the next line when it is done with its last one: no more than `concurrency`
    lines and answers are in memory, however long the file is.
    """
    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(concurrency):
                workers.create_task(_work(run, requests))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    if run.why:
        raise run.why


async def _work(run: Run, requests: Iterator[Request]) -> None:
    while not run.stopping.is_set():
        request = next(requests, None)
        if request is None:
            return
        job = _Job(request, run.tally.begin(request.model, time.monotonic()))
        run.told()
        try:
            await _settle(run, job)
        finally:
            run.tally.in_flight -= 1
            run.told()


async def _settle(run: Run, job: _Job) -> None:
    """One line, until it has an answer or a dead letter, or the run stops."""
    request = job.request
    answer = await _tried(run, job, lambda: ask(run.client, request))
    if answer is None:
        return
    if await _tried(run, job, lambda: run.outlet.keep(request, answer)) is not None:
        run.tally.answer(job.model, answer, time.monotonic())


async def _tried(
    run: Run, job: _Job, attempt: Callable[[], Awaitable[Answer | Failure]]
) -> Answer | None:
    """What an attempt gives in the end; None where the line is over, or the run."""
    tries = Tries()
    while isinstance(found := await attempt(), Failure):
        wait = next_wait(tries, found, run.tally.answered, run.policy, run.draw)
        if isinstance(wait, Verdict):
            _without_answer(run, job, (found, tries), wait)
            return None
        await _pause(run, wait)
        if run.stopping.is_set():
            return None
        job.model.retries += 1
    return found


async def _pause(run: Run, seconds: float) -> None:
    if run.pause is not None:
        await run.pause(seconds)
        return
    with suppress(TimeoutError):
        await asyncio.wait_for(run.stopping.wait(), seconds)


def _without_answer(run: Run, job: _Job, last: tuple[Failure, Tries], verdict: Verdict) -> None:
    failure, tries = last
    if verdict is Verdict.END:
        raise Stopped(failure.said)
    if verdict is Verdict.STOP:
        said = f"no line is answered within {tries.waited_seconds:.0f} s: {failure.said}"
        run.stop(Stopped(said, unreachable=failure.answer is None))
        return
    given_up = failure.kind is not Kind.REFUSED
    reason: Reason = "given_up" if given_up else "refused"
    said = f"{failure.said} (try {tries.failures})" if given_up else failure.said
    if not run.outlet.bury(job.request, (reason, said), failure.answer):
        return
    run.tally.fail(job.model, time.monotonic(), given_up=given_up)
    if run.tally.given_up_in_a_row >= MOST_GIVEN_UP_IN_A_ROW:
        said = f"{MOST_GIVEN_UP_IN_A_ROW} lines in a row were given up, the last one over"
        run.stop(Stopped(f"{said} {failure.said}"))
