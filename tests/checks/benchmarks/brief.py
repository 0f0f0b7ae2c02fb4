"""Runs that take no time of their own, and find something however busy a machine is."""

import asyncio
import random

from checks.benchmarks.load.loops import Ask
from checks.benchmarks.load.measure import Spans
from checks.benchmarks.load.point import Load, Run

ASKED = 4


async def brief_run(ask: Ask, _load: Load, spans: Spans, _chance: random.Random) -> Run:
    """In place of a run: some requests, however long a busy machine takes for them."""
    clock = asyncio.get_running_loop().time
    begin = clock()
    samples = [await ask(clock()) for _ in range(ASKED)]
    return Run(begin, max(clock() + 1, begin + spans.seconds), samples)
