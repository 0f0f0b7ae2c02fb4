"""A server on loopback that sends to each request the pieces that a test has written."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
REPLICA = b"X-Homeport-Replica: chat-1\r\nX-Homeport-Provider: fleet\r\nX-Homeport-Release: abc\r\n"
USAGE = b'{"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 8}}'


def text(words: str) -> bytes:
    """One event with this text."""
    return b'{"choices": [{"delta": {"content": "%s"}}]}' % words.encode()


def stop() -> bytes:
    """One that says why the answer ends."""
    return b'{"choices": [{"delta": {}, "finish_reason": "stop"}]}'


def chunked(*events: bytes, whole: bool = True, headers: bytes = REPLICA) -> list[bytes]:
    """A stream, one event in each piece, as engines and proxies send it."""
    head = STREAM_HEAD + headers + b"Transfer-Encoding: chunked\r\n\r\n"
    pieces = [b"data: %s\n\n" % event for event in events]
    sent = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return [head, *sent, *([b"0\r\n\r\n"] if whole else [])]


def plain(status: int, body: bytes, *headers: bytes) -> list[bytes]:
    """An answer that is no stream."""
    lines = [b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), *headers]
    return [b"\r\n".join(lines) + b"\r\n\r\n" + body]


@dataclass
class Script:
    """What is sent, and what came."""

    replies: Sequence[Sequence[bytes]]
    """One for each request, the last one for all further ones."""
    closes: bool = False
    """Whether the connection ends after each."""
    hangs: bool = False
    """Whether nothing more comes after the pieces."""
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                await self._reply(writer, min(len(self.heads), len(self.replies)) - 1)
                if self.closes:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client is done, or the test is
        finally:
            writer.close()

    async def _reply(self, writer: asyncio.StreamWriter, number: int) -> None:
        for piece in self.replies[number]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()


@asynccontextmanager
async def serving(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port."""
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=context)
    script.port = server.sockets[0].getsockname()[1]
    try:
        yield script.port
    finally:
        server.close()
