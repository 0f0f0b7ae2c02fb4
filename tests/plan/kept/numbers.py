"""An estimate as the few numbers that are kept of it."""

import json
from pathlib import Path
from typing import Any

from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case
from deploys.plan.memory.estimate import Estimate, Pool
from tests.plan.kept.cases import cases

FILE = Path(__file__).parent / "kept.json"
ABOUT = [
    "What the planner said of the cases of cases.py when it was last held against the engines:",
    "per device MiB of the engine's parts and of all, each expected and at most; of vLLM's pool",
    "GiB expected and at least, tokens and requests. Written by `python -m tests.plan.kept`.",
]
Numbers = list[Any]


def numbers(case: Case) -> Numbers:
    """[per device [engine, at most, all, at most], pool]; MiB to the hundredth."""
    found: Estimate = estimate(case)
    # vLLM's are all alike.
    devices = found.devices[:1] if found.pool else found.devices
    return [
        [
            [
                round(mib, 2)
                for part in (device.engine, device.total)
                for mib in (part.expected, part.upper)
            ]
            for device in devices
        ],
        _pool(found.pool),
    ]


def _pool(pool: Pool | None) -> Numbers | None:
    if pool is None:
        return None
    sizes = (pool.expected_gib, pool.lowest_gib, pool.concurrency)
    return [*(None if size is None else round(size, 4) for size in sizes), pool.tokens]


def kept() -> list[Numbers]:
    """In the order of the cases."""
    found: list[Numbers] = json.loads(FILE.read_text(encoding="utf-8"))["answers"]
    return found


def keep() -> None:
    """Replaces what is kept."""
    lines = ",\n  ".join(json.dumps(numbers(case)) for case in cases())
    text = json.dumps({"about": ABOUT, "answers": []}, indent=1)
    FILE.write_text(text.replace('"answers": []', f'"answers": [\n  {lines}\n ]') + "\n")
