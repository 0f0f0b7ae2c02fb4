"""Steady streaming load on a gateway: every answer is kept account of, from the client's side.

On plain sockets: an HTTP library takes milliseconds of CPU for a request, and a hundred clients
that wait for their own CPU have no streams open.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx

LONGEST_SECONDS = 120
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HungUpError(Exception):
    """The client did not wait for the end."""


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
    awaited_tokens: int = 1_000_000
    """Who asked for more hangs up once the load is over, and is not counted."""

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

    async def _client(self, tokens: int) -> None:
        connection: Connection | None = None
        while not self.is_over:
            answer = Answer(time.monotonic())
            self.answers.append(answer)
            try:
                connection = await self._ask(tokens, answer, connection)
            except (OSError, asyncio.IncompleteReadError) as error:
                answer.error, connection = repr(error), None
            except HungUpError:
                self.answers.remove(answer)
                return
            answer.ended = time.monotonic()
            # A refused client that came back at once would measure nothing but itself.
            await asyncio.sleep(self.pause_seconds if answer.is_whole else 0.5)

    async def _ask(
        self, tokens: int, answer: Answer, connection: Connection | None
    ) -> Connection | None:
        """One request; the connection, if it can be used again."""
        if connection is None or connection[0].at_eof():
            address = httpx.URL(self.url)
            connection = await asyncio.open_connection(address.host, address.port)
        reader, writer = connection
        writer.write(self._request(tokens))
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        answer.request_id = headers.get("x-request-id", "")
        answer.replica = headers.get("x-homeport-replica", "").split(",")[-1].strip()
        answer.retry_after = headers.get("retry-after", "")
        answer.status = int(lines[0].split()[1])
        last = b""
        if "content-length" in headers:
            last = await reader.readexactly(int(headers["content-length"]))
        else:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                last = await reader.readexactly(size + 2)
                if self.is_over and tokens > self.awaited_tokens:
                    writer.close()
                    raise HungUpError
            await reader.readuntil(b"\r\n")
        answer.is_whole = answer.status == 200 and b"[DONE]" in last
        if headers.get("connection") != "close":
            return connection
        writer.close()
        return None

    def _request(self, tokens: int) -> bytes:
        body = {"model": "chat", "stream": True, "max_tokens": tokens, "ignore_eos": True,
                "messages": [{"role": "user", "content": "Hello"}]}  # fmt: skip
        text = json.dumps(body)
        return (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}"
        ).encode()

    async def _all(self, tokens: list[int]) -> None:
        await asyncio.gather(*(self._client(count) for count in tokens))


@contextmanager
def streaming(
    url: str,
    key: str,
    tokens: list[int],
    until: int,
    *,
    pause_seconds: float = 0,
    awaited_tokens: int = 1_000_000,
) -> Iterator[Load]:
    """One client for each number of tokens, while the block lasts; their last answers are awaited.

    The block begins when `until` streams have begun. Clients rest for a while between two answers.
    """
    load = Load(url, key, pause_seconds=pause_seconds, awaited_tokens=awaited_tokens)
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
