"""`make bench-affinity`: sessions' replicas against the least busy one, on the same trace."""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from deploys.render.image_tags import built_reference
from tests.benchmarks.affinity.lab import POLICIES, REPLICAS, model, running
from tests.benchmarks.affinity.trace import SESSIONS, Served, replay, trace
from tests.benchmarks.measure import percentile
from tests.e2e.gateway_lab import CHAT
from tests.e2e.gateway_tree import KEY

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / ".homeport" / "bench" / "affinity.json"
READY_SECONDS = 20
HEADINGS = ("policy", "mean", "p50", "p95", "p99", "p95 ratio", "hits", "away", "refused")


def main(arguments: list[str]) -> int:
    """Measures, prints, writes; its exit code."""
    parser = argparse.ArgumentParser(prog="make bench-affinity", description=__doc__)
    parser.add_argument("--requests", type=int, default=700, help="of each policy; 50 s for 700")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--image", default=built_reference("nginx", ROOT / "deploys" / "images"))
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args(arguments)
    document = measure(options.image, options.requests, options.seed)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(document, indent=2) + "\n")
    _print(document)
    print(f"written: {options.results}")
    return 0


def measure(image: str, requests: int, seed: int) -> dict[str, Any]:
    """All policies one after the other, each with empty caches."""
    arrivals = trace(requests, seed)
    document: dict[str, Any] = {
        "time": f"{datetime.now(UTC):%F %T} UTC",
        "load_before": os.getloadavg()[0],
        "requests": requests,
        "seed": seed,
    }
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), image) as (url, controls):
        _wait(url)
        rows = []
        for policy in POLICIES:
            for control in controls:
                httpx.post(control, content=b"", timeout=5).raise_for_status()
            rows.append(row(policy, replay(url + CHAT, KEY, model(policy), arrivals)))
    base = rows[0]["p95_seconds"]
    document["policies"] = [
        {**one, "p95_ratio": round(one["p95_seconds"] / base, 2)} for one in rows
    ]
    return document


def row(policy: str, served: Sequence[Served]) -> dict[str, Any]:
    """The figures of one policy, of the requests that were answered."""
    answered = [one for one in served if one.status == 200]
    seconds = sorted(one.seconds for one in answered)
    homes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in answered:
        homes[one.session][one.replica] += 1
    away = sum(found.total() - max(found.values()) for found in homes.values())
    return {
        "policy": policy,
        "answered": len(answered),
        "refused": len(served) - len(answered),
        "mean_seconds": round(mean(seconds), 3),
        **{f"p{share}_seconds": round(percentile(seconds, share), 3) for share in (50, 95, 99)},
        "cache_hits": round(sum(one.cached for one in answered) / len(answered), 3),
        "away_from_home": away,
    }


def _wait(url: str) -> None:
    """Until nginx knows every replica: it asks Docker for their addresses when it starts."""
    give_up = time.monotonic() + READY_SECONDS
    headers = {"Authorization": f"Bearer {KEY}"}
    for policy in POLICIES:
        body = {"model": model(policy), "user": "first"}
        while True:
            try:
                if httpx.post(url + CHAT, json=body, headers=headers, timeout=10).is_success:
                    break
            except httpx.HTTPError:
                pass
            if time.monotonic() > give_up:
                raise RuntimeError(f"the gateway does not serve {policy}")
            time.sleep(0.2)
    time.sleep(2)


def _print(document: dict[str, Any]) -> None:
    sent = f"{document['requests']} requests of {SESSIONS} sessions over {REPLICAS} replicas"
    title = f"{sent}; load {document['load_before']:.1f}"
    table = Table(*HEADINGS, title=title, box=None)
    for one in document["policies"]:
        times = [f"{one[f'{name}_seconds']:.2f} s" for name in ("mean", "p50", "p95", "p99")]
        counts = [str(one["away_from_home"]), str(one["refused"])]
        shares = [f"{one['p95_ratio']:.2f}", f"{one['cache_hits']:.0%}"]
        table.add_row(one["policy"], *times, *shares, *counts)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
