"""What Docker's own API says of a container: the command takes longer than what is measured."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

# Engine 20.10's; newer ones still answer it.
VERSION = "v1.41"
SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Usage:
    """What a container has used up to now."""

    cpu_seconds: float
    memory_bytes: int
    """Without files that the kernel only keeps because there is room; files in a tmpfs count."""
    most_bytes: int
    """Since its start, as the kernel counts it; 0 where control groups of version 2 do not say."""


def usage(container: str) -> Usage:
    """One look at a container."""
    with _client() as client:
        return _usage(client, container)


def send_signal(container: str, name: str) -> None:
    """Sends a signal to a container's first process."""
    with _client() as client:
        client.post(f"/containers/{container}/kill", params={"signal": name}).raise_for_status()


@contextmanager
def watched_memory(container: str) -> Iterator[list[int]]:
    """Bytes in use, looked at many times a second while the block lasts."""
    seen: list[int] = []
    is_over = threading.Event()

    def look() -> None:
        with _client() as client:
            while not is_over.wait(SAMPLE_SECONDS):
                seen.append(_usage(client, container).memory_bytes)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def _client() -> httpx.Client:
    socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    transport = httpx.HTTPTransport(uds=socket.removeprefix("unix://"))
    return httpx.Client(base_url=f"http://docker/{VERSION}", transport=transport, timeout=30)


def _usage(client: httpx.Client, container: str) -> Usage:
    once = {"stream": "false", "one-shot": "true"}
    answer = client.get(f"/containers/{container}/stats", params=once).raise_for_status().json()
    memory = answer["memory_stats"]
    details = memory["stats"]
    # Control groups of version 1 and 2.
    kept = details.get("total_inactive_file", details.get("inactive_file", 0))
    return Usage(
        answer["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
        memory["usage"] - kept,
        memory.get("max_usage", 0),
    )
