"""All gates between two steps of a canary that the gateways' logs are enough for."""

import math
from collections.abc import Sequence

from checks.canary.errors import errors_gate
from checks.canary.evidence import level, look_of
from checks.canary.gate import Arms, Gate, Look
from checks.canary.latency import QUANTILES, TIMES, latency_gates
from checks.canary.sample import Request
from deploys.settings.canary import Canary

# Kinds of tests that may each err, in a step.
TESTS = 1 + len(QUANTILES) * len(TIMES)


def gates(requests: Sequence[Request], rules: Canary, steps: int) -> list[Gate]:
    """Of one step, by the requests of all gateways; `steps`: how many compare the arms, in all."""
    ordered = sorted(requests, key=lambda one: one.time)
    arms = _split(ordered)
    found = [_enough(arms, rules)]
    if not arms.candidate or not arms.stable:
        return found
    number, at = look_of(len(arms.candidate))
    seen = _split(_until(ordered, at))
    look = Look(seen, level(number, TESTS * steps) if number and seen.stable else 0.0)
    return [*found, errors_gate(arms, look, rules), *latency_gates(arms, look, rules)]


def _split(requests: Sequence[Request]) -> Arms:
    return Arms(
        [one for one in requests if one.is_candidate],
        [one for one in requests if not one.is_candidate],
    )


def _until(ordered: Sequence[Request], at: int) -> Sequence[Request]:
    """What had come when the candidate had answered `at` requests."""
    seen = 0
    for position, one in enumerate(ordered):
        seen += one.is_candidate
        if seen == at:
            return ordered[: position + 1]
    return ordered[:0]


def _enough(arms: Arms, rules: Canary) -> Gate:
    candidate, stable, least = len(arms.candidate), len(arms.stable), rules.minimum_requests
    words = f"{candidate:,} of the candidate, {stable:,} of the stable arm; {least:,} of each are "
    more = max(0, least - candidate)
    if not more and stable < least:
        # Until the other arm has as many, at the rate so far.
        more = math.ceil((least - stable) * candidate / max(1, stable))
    return Gate("requests", "waits" if more else "passes", f"{words}needed", more)
