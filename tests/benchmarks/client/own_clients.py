"""Clients in this process: the kit's own, and httpx in the two ways in which one may use it."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from checks.benchmarks.client.chunk import read_chunk
from checks.benchmarks.client.line import Lines
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.load.loops import Ask
from checks.benchmarks.load.measure import Spans, one_run
from checks.benchmarks.load.point import Load, Run
from deploys.certificates.entrance import Entrance, many_at_once

PATH = "/v1/chat/completions"
TOKENS = 100
ANSWER_SECONDS = 60
BODY = json.dumps(
    {
        "model": "timed",
        "messages": [{"role": "user", "content": "Tell me about harbours."}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": TOKENS,
    }
).encode()


@dataclass(frozen=True)
class Measured:
    """One closed loop."""

    run: Run
    cpu_seconds: float
    """Of the whole process, from the first request to the last."""


def measured(client: str, url: str, users: int, spans: Spans) -> Measured:
    """Runs one of CLIENTS."""

    async def whole() -> Measured:
        async with CLIENTS[client](Entrance(url), users) as ask:
            cpu = time.process_time()
            run = await one_run(ask, Load("closed", users=users), spans, random.Random(1))
            return Measured(run, time.process_time() - cpu)

    return asyncio.run(whole())


@asynccontextmanager
async def _own(way: Entrance, _users: int) -> AsyncIterator[Ask]:
    lines = Lines(way, {}, ANSWER_SECONDS)
    try:
        yield lambda wanted: lines.ask(PATH, BODY, wanted)
    finally:
        lines.close()


@asynccontextmanager
async def _httpx_shared(way: Entrance, users: int) -> AsyncIterator[Ask]:
    async with many_at_once(way, {}, ANSWER_SECONDS, users) as client:
        yield lambda wanted: _by_httpx(client, wanted)


@asynccontextmanager
async def _httpx_each(way: Entrance, users: int) -> AsyncIterator[Ask]:
    """A client of its own for each user: httpcore's pool looks at all its connections each time."""
    async with AsyncExitStack() as stack:
        clients = [many_at_once(way, {}, ANSWER_SECONDS, 1) for _ in range(users)]
        idle = [await stack.enter_async_context(client) for client in clients]

        async def ask(wanted: float) -> Sample:
            client = idle.pop()
            try:
                return await _by_httpx(client, wanted)
            finally:
                idle.append(client)

        yield ask


async def _by_httpx(client: httpx.AsyncClient, wanted: float) -> Sample:
    """The same of an answer, at the instants at which httpx gives its lines."""
    clock = asyncio.get_running_loop().time
    sample = Sample(wanted, Outcome.answered, sent=clock())
    async with client.stream("POST", PATH, content=BODY) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: "):
                continue
            if line == "data: [DONE]":
                sample.ended = clock()
                continue
            chunk = read_chunk(line[6:].encode())
            if chunk.generated:
                sample.arrivals.append(clock())
            sample.tokens = chunk.completion_tokens or sample.tokens
    return sample


CLIENTS: dict[str, Callable[[Entrance, int], AbstractAsyncContextManager[Ask]]] = {
    "homeport": _own,
    "httpx shared": _httpx_shared,
    "httpx each": _httpx_each,
}
