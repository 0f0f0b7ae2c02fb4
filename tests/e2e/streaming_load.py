"""Steady streaming load on a gateway: every answer is kept account of, from the client's side."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

LONGEST_SECONDS = 120


@dataclass
class Answer:
    """One request and what came of it."""

    began: float
    ended: float = 0
    status: int = 0
    request_id: str = ""
    replica: str = ""
    """ADDRESS:PORT of the engine, as the gateway says."""
    is_whole: bool = False
    retry_after: str = ""
    error: str = ""


@dataclass
class Load:
    """Clients that ask again as soon as they were answered."""

    url: str
    key: str
    answers: list[Answer] = field(default_factory=list)
    is_over: bool = False
    pause_seconds: float = 0

    def in_flight(self, replica: str) -> int:
        """Streams that an engine is giving at this moment."""
        return sum(one.replica == replica and not one.ended for one in list(self.answers))

    def cut(self) -> list[Answer]:
        """Streams that began and did not come to their end."""
        return [one for one in self.answers if one.status == 200 and not one.is_whole]

    def refused(self) -> list[Answer]:
        """Requests that were not answered with a stream."""
        return [one for one in self.answers if one.status != 200]

    def whole(self) -> list[Answer]:
        """Streams that came to their end."""
        return [one for one in self.answers if one.is_whole]

    async def _client(self, client: httpx.AsyncClient, tokens: int) -> None:
        while not self.is_over:
            answer = Answer(time.monotonic())
            self.answers.append(answer)
            try:
                await self._ask(client, tokens, answer)
            except httpx.HTTPError as error:
                answer.error = repr(error)
            answer.ended = time.monotonic()
            # A refused client that came back at once would measure nothing but itself.
            await asyncio.sleep(self.pause_seconds if answer.is_whole else 0.5)

    async def _ask(self, client: httpx.AsyncClient, tokens: int, answer: Answer) -> None:
        body = {"model": "chat", "stream": True, "max_tokens": tokens, "ignore_eos": True,
                "messages": [{"role": "user", "content": "Hello"}]}  # fmt: skip
        async with client.stream("POST", "/v1/chat/completions", json=body) as response:
            answer.status = response.status_code
            answer.request_id = response.headers.get("x-request-id", "")
            answer.replica = response.headers.get("x-homeport-replica", "").split(",")[-1].strip()
            answer.retry_after = response.headers.get("retry-after", "")
            last = b""
            async for piece in response.aiter_bytes():
                last = (last + piece)[-64:]
            answer.is_whole = answer.status == 200 and b"[DONE]" in last

    async def _all(self, tokens: list[int]) -> None:
        limits = httpx.Limits(max_connections=len(tokens))
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=LONGEST_SECONDS, limits=limits,
            trust_env=False,
        ) as client:  # fmt: skip
            await asyncio.gather(*(self._client(client, count) for count in tokens))


@contextmanager
def streaming(
    url: str, key: str, tokens: list[int], until: int, *, pause_seconds: float = 0
) -> Iterator[Load]:
    """One client for each number of tokens, while the block lasts; their last answers are awaited.

    The block begins when `until` streams have begun. Clients rest for a while between two answers.
    """
    load = Load(url, key, pause_seconds=pause_seconds)
    thread = threading.Thread(target=lambda: asyncio.run(load._all(tokens)))
    thread.start()
    try:
        deadline = time.monotonic() + LONGEST_SECONDS
        while sum(one.status == 200 for one in list(load.answers)) < until:
            assert time.monotonic() < deadline, load.answers[-3:]
            time.sleep(0.1)
        yield load
    finally:
        load.is_over = True
        with suppress(RuntimeError):
            thread.join(LONGEST_SECONDS)
