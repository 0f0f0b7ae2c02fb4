"""Statistics of two arms, exact where samples are small; no more than the standard library.

scipy would bring 40 MB for one sum: Fisher's test is a tail of the hypergeometric distribution, and
its logarithms are in `math`.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

# Of all trials of a candidate that is no worse, so many end early by mistake, at most.
FALSE_ABORTS = 0.05
# The candidate is looked at when it has answered so many requests, and each time there are half as
# many more: whoever looks every second looks no oftener, and no look is forgotten by a restart.
FIRST_LOOK, GROWTH = 50, 1.5
# Of intervals, both sides together.
CONFIDENCE = 0.95


def look_of(requests: int) -> tuple[int, int]:
    """Number of the last look, from 1, and the requests of the candidate it is at; 0: none yet."""
    number, at = 0, 0
    following = FIRST_LOOK
    while following <= requests:
        number, at = number + 1, following
        following = math.ceil(following * GROWTH)
    return number, at


def level(look: int, tests: int) -> float:
    """How improbable a look must find what it sees to end the trial, of `tests` kinds in all.

    1/(1·2) + 1/(2·3) + … is 1: however often one looks, all looks together err in FALSE_ABORTS of
    all trials (Bonferroni, which holds for tests that depend on each other as these do).
    """
    return FALSE_ABORTS / tests / (look * (look + 1))


def chance_of_more(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """That chance alone gives the first arm as many hits: Fisher's exact test, one-sided."""
    all_hits, everything = hits + other_hits, trials + other_trials
    most = min(all_hits, trials)
    terms = [
        _log_choose(all_hits, one) + _log_choose(everything - all_hits, trials - one)
        for one in range(hits, most + 1)
        if trials - one <= everything - all_hits
    ]
    whole = _log_choose(everything, trials)
    return min(1.0, math.fsum(math.exp(term - whole) for term in terms))


def chance_of_share(hits: int, trials: int, share: float) -> float:
    """That chance alone puts so many, or so few, on this side: the exact binomial test, two-sided.

    Twice the smaller tail, which is never less than it should be.
    """
    terms = [
        math.comb(trials, one) * share**one * (1 - share) ** (trials - one)
        for one in range(trials + 1)
    ]
    return min(1.0, 2 * min(math.fsum(terms[: hits + 1]), math.fsum(terms[hits:])))


def fewest_trials(share: float, level: float) -> int:
    """At which that test finds a side that gets nothing at all, at this level."""
    rest = max(share, 1 - share)
    return 1 if rest == 1 else math.ceil(math.log(level / 2) / math.log(rest))


def difference(hits: int, trials: int, other_hits: int, other_trials: int) -> tuple[float, float]:
    """Newcombe's interval for the first arm's share less the other's, from Wilson's two."""
    low, high = wilson(hits, trials)
    other_low, other_high = wilson(other_hits, other_trials)
    share, other = hits / trials, other_hits / other_trials
    between = share - other
    return (
        between - math.hypot(share - low, other_high - other),
        between + math.hypot(high - share, other - other_low),
    )


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's interval for a share."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    half /= 1 + square / trials
    return max(0.0, middle - half), min(1.0, middle + half)


def quantile(sorted_values: Sequence[float], share: float) -> float:
    """The least value that `share` of all do not exceed."""
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]


def chance_of_slower(
    seconds: Sequence[float],
    other_seconds: Sequence[float],
    share: float,
    tolerated: Callable[[float], float],
) -> float:
    """That chance alone puts so many of the first arm beyond the quantile of both together.

    Before that the other arm is slowed down to what is `tolerated`: then both are alike where the
    first one is just as slow as it may be, whatever the distribution, and Fisher's test is exact.
    """
    slowed = [tolerated(one) for one in other_seconds]
    limit = quantile(sorted([*seconds, *slowed]), share)
    beyond, other_beyond = (sum(one > limit for one in arm) for arm in (seconds, slowed))
    return chance_of_more(beyond, len(seconds), other_beyond, len(slowed))


def _log_choose(of: int, chosen: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
