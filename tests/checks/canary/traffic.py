"""Clients of a trial, drawn by chance: what gateways would log of them."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.canary.gate import Gate, outcome
from checks.canary.gates import gates
from checks.canary.sample import Request
from deploys.settings.canary import Canary

RULES = Canary(candidate="next")
STEPS = (10, 25, 50)
# A look after so many requests, of both arms; the gates see fewer looks than these.
BATCH = 500
MOST_REQUESTS = 40_000


@dataclass(frozen=True)
class Ending:
    """How a trial ended."""

    aborted: bool
    step: int
    asked: int
    """Requests of the candidate, in the last step."""
    gates: Sequence[Gate]


@dataclass(frozen=True)
class Arm:
    """How one arm answers."""

    errors: float = 0.01
    slower: float = 1.0


def requests(rng: random.Random, step: int, arms: tuple[Arm, Arm], first: int) -> Iterator[Request]:
    """A batch of them; answers take as long as a model's do, with a long tail."""
    for number in range(first, first + BATCH):
        is_candidate = rng.random() * 100 < step
        arm = arms[0] if is_candidate else arms[1]
        seconds = rng.lognormvariate(-1, 0.8) * arm.slower
        failed = rng.random() < arm.errors
        yield Request(f"{number:09}", is_candidate, failed, seconds / 3, seconds)


def trial(seed: int, candidate: Arm, stable: Arm) -> Ending:
    """Through all steps that compare both arms, or to where it ends."""
    rng = random.Random(seed)
    found: list[Gate] = []
    for step in STEPS:
        seen: list[Request] = []
        while not found or outcome(found) != "passes":
            seen += requests(rng, step, (candidate, stable), len(seen))
            found = gates(seen, RULES, len(STEPS))
            asked = sum(one.is_candidate for one in seen)
            if outcome(found) == "fails":
                return Ending(True, step, asked, found)
            assert len(seen) < MOST_REQUESTS, found
        found = []
    return Ending(False, STEPS[-1], asked, found)


def line(**fields: object) -> str:
    """One of the access log."""
    usual = {
        "time": "2026-11-26T04:39:29+00:00", "client": "demo", "pool": "chat", "status": 200,
        "replica": "10.0.0.2:8080", "bytes": 33, "connection": 7, "seconds": 0.5,
        "connect_seconds": "0.001", "first_byte_seconds": "0.2", "upstream_seconds": "0.5",
        "arm": "stable", "drawn": "stable", "reason": "", "error": "",
    }  # fmt: skip
    return json.dumps({**usual, **fields})
