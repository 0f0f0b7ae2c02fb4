"""wrk, in a container of its own beside those it asks."""

import json
from dataclasses import dataclass

from tests.benchmarks.gateway.docker_api import usage
from tests.benchmarks.gateway.fronts import KEY, Front
from tests.benchmarks.gateway.network import INSIDE, container
from tests.e2e.gateway_lab import CHAT
from tests.lab.machine import LabError, docker

CONNECTIONS = 16


@dataclass(frozen=True)
class Loaded:
    """What came of one run."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    failed: int
    cpu_microseconds: float
    """The asked container's own, for each request."""


def loaded(front: Front, seconds: int) -> Loaded:
    """Asks as fast as sixteen connections are answered."""
    before = usage(container(front.part))
    found = asked(front.url, seconds)
    used = usage(container(front.part)).cpu_seconds - before.cpu_seconds
    requests = found["requests"]
    if not requests:
        raise LabError(f"{front.words} answered nothing in {seconds} s", json.dumps(found))
    return Loaded(
        requests / found["seconds"], found["p50_ms"], found["p99_ms"], int(requests),
        int(found["failed"]), 1e6 * used / requests,
    )  # fmt: skip


def asked(url: str, seconds: int) -> dict[str, float]:
    """What post.lua says of one run."""
    command = ("wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s")
    options = ("--timeout=10s", f"--script={INSIDE}/post.lua", url + CHAT)
    output = docker("exec", f"--env=BENCH_KEY={KEY}", container("load"), *command, *options)
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found
