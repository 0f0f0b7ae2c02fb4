"""The gates of latency: first byte and whole answer, median and 95th percentile."""

from collections.abc import Callable, Iterator, Sequence

from checks.canary.evidence import chance_of_slower, quantile
from checks.canary.gate import Arms, Gate, Look, chances
from checks.canary.sample import Request
from deploys.settings.canary import Canary

# nginx counts milliseconds, and nobody waits for so few.
LEAST_SECONDS = 0.02
QUANTILES = {"median": 0.5, "95th percentile": 0.95}
TIMES: dict[str, Callable[[Request], float | None]] = {
    "first byte": lambda one: one.first_byte_seconds,
    "whole answer": lambda one: one.total_seconds,
}


def latency_gates(arms: Arms, look: Look, rules: Canary) -> Iterator[Gate]:
    """One for each time and quantile. What failed has no time, and stands under errors."""
    for name, seconds in TIMES.items():
        for words, share in QUANTILES.items():
            yield _gate(f"{name}, {words}", share, (arms, look), seconds, rules)


def _gate(
    name: str,
    share: float,
    seen: tuple[Arms, Look],
    seconds: Callable[[Request], float | None],
    rules: Canary,
) -> Gate:
    (candidate, stable), look = _times(seen[0], seconds), seen[1]
    if not candidate or not stable:
        return Gate(name, "waits", "no answer of one arm has come", rules.minimum_requests)
    found, usual = quantile(candidate, share), quantile(stable, share)
    limit_seconds = _tolerated(usual, rules)
    words = f"candidate {found:.3f} s, stable {usual:.3f} s; {limit_seconds:.3f} s are tolerated"
    looked = _times(look.arms, seconds)
    if look.limit and all(looked):
        chance = chance_of_slower(*looked, share, lambda one: _tolerated(one, rules))
        words += chances(chance, look.limit)
        # Improbable alone is not enough: times that are alike tell arms apart by a few others.
        slower = quantile(looked[0], share) > _tolerated(quantile(looked[1], share), rules)
        if slower and chance <= look.limit:
            return Gate(name, "fails", words)
    if found <= limit_seconds:
        return Gate(name, "passes", words)
    # It is slower, or it was unlucky: as many again tell.
    return Gate(name, "waits", words, len(candidate))


def _tolerated(seconds: float, rules: Canary) -> float:
    return max(seconds * rules.tolerated_latency_ratio, seconds + LEAST_SECONDS)


def _times(
    arms: Arms, seconds: Callable[[Request], float | None]
) -> tuple[list[float], list[float]]:
    def of(requests: Sequence[Request]) -> list[float]:
        times = (seconds(one) for one in requests if not one.failed)
        return sorted(time for time in times if time is not None)

    return of(arms.candidate), of(arms.stable)
