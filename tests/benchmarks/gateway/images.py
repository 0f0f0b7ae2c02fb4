"""A question with an image of 20 MB: how long it takes, and what it takes of the memory."""

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.gateway.docker_api import usage, watched_memory
from tests.benchmarks.gateway.fronts import FRONTS, KEY, PROXIES
from tests.benchmarks.gateway.network import address, container
from tests.benchmarks.gateway.rounds import interleaved, ratios
from tests.benchmarks.measure import spread
from tests.e2e.gateway_lab import CHAT
from tests.lab.machine import LabError

IMAGE_BYTES = 20_000_000
AT_ONCE = 8
MIB = 1024**2


def images(names: Sequence[str], rounds: int) -> dict[str, dict[str, Any]]:
    """A row for each front: one image at a time, then eight at once for the memory."""
    body = image_body()
    found = interleaved(names, rounds, lambda name: sent(name, body))
    rows: dict[str, dict[str, Any]] = {}
    for name in names:
        rows[name] = {"seconds": spread(found[name], 3)}
        if "bare" in found and name != "bare":
            rows[name]["of_bare"] = ratios(found[name], found["bare"])
        if name in PROXIES:
            rows[name] |= _memory(name, body)
    return rows


def image_body() -> bytes:
    """The model comes last, as some clients have it: all of the image has to be passed over."""
    url = "data:image/png;base64," + "iVBORw0KGgo" * (IMAGE_BYTES // 11)
    content = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    return json.dumps(
        {"messages": [{"role": "user", "content": content}], "model": "talk"}
    ).encode()


def sent(name: str, body: bytes) -> float:
    """Seconds until the answer is there, over a new connection."""
    part, port = FRONTS[name].streams
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(address(part), port, timeout=120)
    begun = time.perf_counter()
    connection.request("POST", CHAT, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    seconds = time.perf_counter() - begun
    connection.close()
    if answer.status != 200:
        raise LabError(f"{FRONTS[name].words} answered {answer.status}", text.decode()[-500:])
    return seconds


def _memory(name: str, body: bytes) -> dict[str, float]:
    part, _ = FRONTS[name].streams
    before = usage(container(part)).memory_bytes
    with watched_memory(container(part)) as seen, ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: sent(name, body), range(AT_ONCE)))
    # A busy Docker says little about a second: the kernel's own highest, where there is one.
    most = max(usage(container(part)).most_bytes, *seen, before)
    return {
        "memory_before_mib": round(before / MIB, 1),
        "memory_peak_mib": round(most / MIB, 1),
    }
