"""What each front adds to the time until the first event of a stream."""

import json
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from tests.benchmarks.gateway.fronts import FRONTS, KEY
from tests.benchmarks.gateway.network import address
from tests.benchmarks.gateway.rounds import differences
from tests.benchmarks.measure import percentile, spread
from tests.e2e.gateway_lab import CHAT
from tests.lab.machine import LabError

# The engine sends its events over 20 ms: less than a quarter of that between the first and the
# last, and they were held back.
BURST_SECONDS = 0.005
# With the end of the chunk before it: a head may come alone, and its last word end in 0.
END = b"\r\n0\r\n\r\n"
BODY = {"model": "talk", "stream": True, "messages": [{"role": "user", "content": "An image?"}]}

Seconds = tuple[float, float]


def streams(names: Sequence[str], rounds: int, requests: int) -> dict[str, dict[str, Any]]:
    """A row for each front; within a round one request after another goes to each in turn."""
    found: dict[str, list[list[Seconds]]] = {name: [] for name in names}
    for _ in range(rounds):
        with ExitStack() as stack:
            # nginx ends a connection after 1,000 requests; a round has fewer.
            connections = {name: stack.enter_context(_connection(name)) for name in names}
            for name in names:
                found[name].append([])
            for number in range(requests):
                # Whoever comes after a slow one would always have to wake up engine and machine.
                for name in names if number % 2 == 0 else reversed(names):
                    found[name][-1].append(timed(connections[name]))
    return {name: row(name, found) for name in names}


def row(name: str, found: dict[str, list[list[Seconds]]]) -> dict[str, Any]:
    """Percentiles of each round, and those of bare nginx in the same round taken off."""
    shown: dict[str, Any] = {"requests": sum(len(one) for one in found[name])}
    for share in (50, 99):
        times = {
            other: [1000 * percentile([first for first, _ in one], share) for one in found[other]]
            for other in {name, "bare"} & found.keys()
        }
        shown[f"p{share}_ms"] = spread(times[name], 3)
        if "bare" in times and name != "bare":
            shown[f"p{share}_added_ms"] = differences(times[name], times["bare"])
    ends = [last - first for one in found[name] for first, last in one]
    shown["in_one_burst"] = sum(rest < BURST_SECONDS for rest in ends)
    return shown


def timed(connection: socket.socket) -> Seconds:
    """Seconds until the first event and until the last."""
    begun = time.perf_counter()
    connection.sendall(REQUEST)
    first, answer = 0.0, b""
    while not answer.endswith(END):
        piece = connection.recv(65536)
        answer += piece
        if not piece or not answer.startswith(b"HTTP/1.1 200"):
            raise LabError("a stream failed", answer.decode(errors="replace")[-500:])
        if not first and b"\ndata:" in answer:
            first = time.perf_counter() - begun
    return first, time.perf_counter() - begun


def _connection(name: str) -> socket.socket:
    part, port = FRONTS[name].streams
    connection = socket.create_connection((address(part), port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _request() -> bytes:
    body = json.dumps(BODY)
    return (
        f"POST {CHAT} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


REQUEST = _request()
