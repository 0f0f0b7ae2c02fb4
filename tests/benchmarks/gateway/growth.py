"""How the gateway's cost grows with replicas and with keys."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.gateway.docker_api import send_signal, usage
from tests.benchmarks.gateway.fronts import FRONTS, Front, clients, pools, start_gateway, wait_for
from tests.benchmarks.gateway.images import MIB
from tests.benchmarks.gateway.load import loaded
from tests.benchmarks.gateway.network import address, container, remove
from tests.benchmarks.gateway.rounds import interleaved, ratios
from tests.benchmarks.measure import spread
from tests.lab.machine import LabError

# (replicas, keys)
SIZES = ((10, 1), (100, 1), (1000, 1), (10, 10_000))
RELOADS = 3
RELOAD_SECONDS = 60
PART = "grown"


def growth(
    sizes: Sequence[tuple[int, int]], folder: Path, nginx: str, rounds: int, seconds: int
) -> dict[str, dict[str, Any]]:
    """A row for each size: replicas are ports of one engine, as if on other hosts."""
    rows: dict[str, dict[str, Any]] = {}
    for replicas, keys in sizes:
        place = folder / f"{PART}-{replicas}-{keys}"
        served = pools(replicas, address("engine-1"))
        files = start_gateway(PART, place, nginx, served, clients(keys))
        try:
            digests = (place / "secrets" / "clients.map").stat().st_size
            row = _row(place, rounds, seconds)
        finally:
            remove(PART)
        size = sum(len(text) for text in files.values()) + digests
        words = {"replicas": replicas, "keys": keys, "files_kib": round(size / 1024)}
        rows[f"{replicas} replicas, {keys} keys"] = words | row
    return rows


def _row(folder: Path, rounds: int, seconds: int) -> dict[str, Any]:
    grown = Front(PART, PART, 8080, (PART, 8080))
    wait_for(grown)
    fronts = {"bare": FRONTS["bare"], PART: grown}
    found = interleaved(list(fronts), rounds, lambda name: loaded(fronts[name], seconds))
    rates = {name: [one.requests_per_second for one in runs] for name, runs in found.items()}
    memory = usage(container(PART)).memory_bytes
    return {
        "of_bare": ratios(rates[PART], rates["bare"]),
        "cpu_microseconds": spread([one.cpu_microseconds for one in found[PART]], 1),
        "failed": sum(one.failed for one in found[PART]),
        "memory_mib": round(memory / MIB, 1),
        "reload_seconds": spread([_reload(folder, number) for number in range(RELOADS)], 3),
    }


def _reload(folder: Path, number: int) -> float:
    """Seconds from the signal until the new configuration is served; as the deploy knows it."""
    word = f"reload-{number}"
    (folder / "state" / "loaded.conf").write_text(f"default {word};\n")
    url = f"http://{address(PART)}:8081/revision"
    # Old workers keep their connections and answer on them.
    each_its_own = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(limits=each_its_own, timeout=30) as client:
        begun = time.perf_counter()
        send_signal(container(PART), "HUP")
        while time.perf_counter() - begun < RELOAD_SECONDS:
            if client.get(url).json()["loaded"] == word:
                return time.perf_counter() - begun
            time.sleep(0.002)
    raise LabError(f"no reload in {RELOAD_SECONDS} s", f"docker logs {container(PART)}")
