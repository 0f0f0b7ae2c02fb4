"""A chat server with known timings, in a process of its own, that writes down when it did what.

A request's clock begins when its last byte came to this machine, by the kernel; each event has a
deadline of its own, so that one that is late makes no other late. What really happened, lateness
included, is the truth that clients are held against: GET /truth gives it and forgets it.
"""

import argparse
import asyncio
import json
import socket
import sys
import time
from dataclasses import dataclass, field

from checks.benchmarks.client.received import ask_for_stamps, receive

BACKLOG = 1024
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
WORD = "harbour "


@dataclass(frozen=True)
class Timing:
    """What each answer is to be like."""

    first_seconds: float
    gap_seconds: float
    tokens_per_event: int


@dataclass
class Served:
    """What one answer was like; instants of the monotonic clock, which all processes share."""

    arrived: float
    writes: list[float] = field(default_factory=list)
    """Of each event with text."""
    ended: float = 0
    tokens: int = 0


def chunk(document: object) -> bytes:
    """One event, as one chunk of HTTP."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    event = b"data: %s\n\n" % data
    return b"%x\r\n%s\r\n" % (len(event), event)


def delta(words: str, finish: str | None = None) -> dict[str, object]:
    """A chunk of a chat."""
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": finish}
    return {
        "id": "chatcmpl-timed",
        "object": "chat.completion.chunk",
        "created": 1_800_000_000,
        "model": "timed",
        "choices": [choice],
    }


class Connection:
    """One client's; answers one request after the other."""

    def __init__(self, connection: socket.socket, timing: Timing, log: list[Served]) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket, self._timing, self._log = connection, timing, log
        self._rest = b""
        self._event = chunk(delta(WORD * timing.tokens_per_event))
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ask_for_stamps(connection)
        self._loop.add_reader(connection, self._read)

    def _read(self) -> None:
        try:
            received = receive(self._socket)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        if not received.data:
            self._close()
            return
        self._rest += received.data
        head, found, body = self._rest.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        if found and len(body) >= int(length or 0):
            self._rest = b""
            self._answer(head, body, received.arrived)

    def _answer(self, head: bytes, body: bytes, arrived: float) -> None:
        if head.startswith(b"GET /truth"):
            self._send_json([vars(one) for one in self._log])
            self._log.clear()
        elif head.startswith(b"GET "):
            self._send_json({"object": "list", "data": [{"id": "timed", "object": "model"}]})
        else:
            self._stream(json.loads(body), Served(arrived))

    def _stream(self, asked: dict[str, object], served: Served) -> None:
        tokens = asked.get("max_completion_tokens") or asked.get("max_tokens") or 100
        served.tokens = int(str(tokens))
        events = -(-served.tokens // self._timing.tokens_per_event)
        farewell = _farewell(len(str(asked["messages"]).split()), served.tokens)
        self._send(HEAD)
        first = served.arrived + self._timing.first_seconds

        def tick() -> None:
            served.writes.append(time.monotonic())
            self._send(self._event)
            if len(served.writes) < events:
                due = first + len(served.writes) * self._timing.gap_seconds
                self._loop.call_at(due, tick)
            else:
                served.ended = time.monotonic()
                self._send(farewell)
                self._log.append(served)

        self._loop.call_at(first, tick)

    def _send_json(self, document: object) -> None:
        body = json.dumps(document).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._socket.setblocking(True)
        self._socket.sendall(head % len(body) + body)
        self._socket.setblocking(False)

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError:
            self._close()

    def _close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


def _farewell(prompt_tokens: int, tokens: int) -> bytes:
    """All that comes after the last text."""
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": prompt_tokens + tokens,
    }
    last = [chunk(delta("", "stop")), chunk({**delta(""), "choices": [], "usage": usage})]
    return b"".join([*last, chunk(b"[DONE]"), END])


async def serve(timing: Timing) -> None:
    """On a free port of loopback, which it prints; until it is ended."""
    log: list[Served] = []
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        listener.setblocking(False)
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = await loop.sock_accept(listener)
            Connection(connection, timing, log)


def main(arguments: list[str]) -> None:
    """Serves until it gets SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-ms", type=float, default=50)
    parser.add_argument("--gap-ms", type=float, default=10)
    parser.add_argument("--tokens-per-event", type=int, default=1)
    options = parser.parse_args(arguments)
    first, gap = options.first_ms / 1000, options.gap_ms / 1000
    asyncio.run(serve(Timing(first, gap, options.tokens_per_event)))


if __name__ == "__main__":
    main(sys.argv[1:])
