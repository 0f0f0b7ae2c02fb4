"""The two ways to ask: a closed loop finds capacity, an open one what users would feel."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from checks.benchmarks.client.sample import Outcome, Sample

Ask = Callable[[float], Coroutine[Any, Any, Sample]]
"""Sends one request that was wanted at this instant of the loop's clock."""
# After an answer that took no time at all (refused, no connection) a user does not ask again at
# once: a closed loop would become a flood of refusals.
REFUSED_PAUSE_SECONDS = 0.5
# A process has 1024 descriptors by default.
MOST_AT_ONCE = 960


async def closed_loop(
    ask: Ask, users: int, seconds: float, ramp_seconds: float = 0
) -> list[Sample]:
    """So many users, each of which asks again as soon as it has its answer; answers that are under
    way at the end are waited for.

    They come one after the other over `ramp_seconds`: users that begin together, and get answers of
    one length, would go on in step, and an engine would have all of their prompts at once.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    found: list[Sample] = []

    async def user(number: int) -> None:
        await asyncio.sleep(ramp_seconds * number / users)
        while (now := clock()) < end:
            sample = await ask(now)
            found.append(sample)
            if not sample.is_answered:
                await asyncio.sleep(REFUSED_PAUSE_SECONDS)

    async with asyncio.TaskGroup() as group:
        for number in range(users):
            group.create_task(user(number))
    return found


async def open_loop(
    ask: Ask, offsets_seconds: Iterable[float], most_at_once: int = MOST_AT_ONCE
) -> list[Sample]:
    """A request at each offset from now, however many are still under way.

    What comes when `most_at_once` are is not sent and counts as such: waiting for a place would
    make the loop a closed one, and leave out what an overloaded server does to its users.
    """
    clock = asyncio.get_running_loop().time
    begin = clock()
    begun: list[asyncio.Task[Sample]] = []
    running: set[asyncio.Task[Sample]] = set()
    unsent: list[Sample] = []
    async with asyncio.TaskGroup() as group:
        for offset in offsets_seconds:
            wanted = begin + offset
            await asyncio.sleep(wanted - clock())
            if len(running) >= most_at_once:
                unsent.append(Sample(wanted, Outcome.unsent, ended=wanted))
                continue
            task = group.create_task(ask(wanted))
            begun.append(task)
            running.add(task)
            task.add_done_callback(running.discard)
    return [*(task.result() for task in begun), *unsent]
