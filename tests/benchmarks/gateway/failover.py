"""A replica is killed under load: how many requests fail that come afterwards."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.gateway.docker_api import send_signal
from tests.benchmarks.gateway.fronts import FRONTS, Front, wait_for
from tests.benchmarks.gateway.load import asked
from tests.benchmarks.gateway.network import container
from tests.lab.machine import docker

KILLED = "engine-1"
# The load goes on for as long as a lost address may keep a connection waiting, and longer.
LOAD_SECONDS = 6
KILL_AFTER_SECONDS = 1.5


def failover(names: Sequence[str], rounds: int) -> dict[str, dict[str, Any]]:
    """A row for each front, of all rounds together."""
    rows: dict[str, dict[str, Any]] = {}
    for name in names:
        runs = [_killed_under(FRONTS[name]) for _ in range(rounds)]
        rows[name] = {
            "requests": int(sum(one["requests"] for one in runs)),
            "failed": int(sum(one["failed"] for one in runs)),
            "longest_p99_ms": max(one["p99_ms"] for one in runs),
        }
    return rows


def _killed_under(front: Front) -> dict[str, float]:
    killer = threading.Timer(KILL_AFTER_SECONDS, send_signal, (container(KILLED), "KILL"))
    killer.start()
    try:
        return asked(front.url, LOAD_SECONDS)
    finally:
        killer.join()
        docker("start", container(KILLED))
        # Its address may be another one now, which bare nginx only learns when it starts.
        docker("restart", "--time=0", container(front.part))
        wait_for(front)
        time.sleep(1)
