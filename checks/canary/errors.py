"""The gate of errors."""

from checks.canary.evidence import chance_of_more, difference
from checks.canary.gate import Arms, Gate, Look, chances
from deploys.settings.canary import Canary

# What is certain need not matter: among a million requests a thousandth would be.
LEAST_POINTS = 0.5

# Failed and all requests of the candidate, then of the stable arm.
Counts = tuple[int, int, int, int]


def errors_gate(arms: Arms, look: Look, rules: Canary) -> Gate:
    """Fails when chance does not explain the candidate's; passes when they are few for certain."""
    counts = _failed(arms)
    _, high = difference(*counts)
    words = _words(counts, rules)
    if look.limit:
        seen = _failed(look.arms)
        chance = chance_of_more(*seen)
        words += chances(chance, look.limit)
        if chance <= look.limit and 100 * (seen[0] / seen[1] - seen[2] / seen[3]) >= LEAST_POINTS:
            return Gate("errors", "fails", words)
    if 100 * high < rules.tolerated_error_points:
        return Gate("errors", "passes", words)
    return Gate("errors", "waits", words, _more(counts, rules))


def _words(counts: Counts, rules: Canary) -> str:
    hits, trials, other_hits, other_trials = counts
    low, high = (100 * bound for bound in difference(*counts))
    return (
        f"candidate {hits:,} of {trials:,} ({hits / trials:.2%}), "
        f"stable {other_hits:,} of {other_trials:,} ({other_hits / other_trials:.2%}); "
        f"{low:+.2f} to {high:+.2f} points with 95 % confidence, "
        f"{rules.tolerated_error_points:g} are tolerated"
    )


def _failed(arms: Arms) -> Counts:
    failed = [sum(one.failed for one in arm) for arm in (arms.candidate, arms.stable)]
    return failed[0], len(arms.candidate), failed[1], len(arms.stable)


def _more(counts: Counts, rules: Canary) -> int:
    """Requests until the interval is narrow enough, if both arms go on like this; 0: never."""
    for times in (1.2**power for power in range(1, 40)):
        hits, trials, other_hits, other_trials = (round(one * times) for one in counts)
        _, high = difference(hits, trials, other_hits, other_trials)
        if 100 * high < rules.tolerated_error_points:
            return trials - counts[1]
    return 0
