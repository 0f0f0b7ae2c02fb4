"""How many tokens a model really gives in a month, by the gateways' own logs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from checks.benchmarks.cost.month import SECONDS_PER_MONTH
from checks.benchmarks.cost.tokens import MILLION
from checks.traffic.entry import FLEET, Entry, read_entry

# Less of a log than this, and a month of it would be made of a moment.
LEAST_SECONDS = 3600.0


@dataclass(frozen=True)
class Logged:
    """One gateway."""

    answers: int
    """By replicas; the cloud's and kept ones cost the fleet nothing."""
    counted: int
    """Of which the log has tokens: nginx counts them for clients whose tokens are limited."""
    tokens: int
    """Of those, prompts and answers together."""
    seconds: float
    """That the log covers: it may begin later than was asked for."""


@dataclass(frozen=True)
class Use:
    """All gateways together."""

    answers: int
    counted: int
    seconds: float
    tokens_per_answer: float
    """With their prompts."""
    millions_per_month: float
    """Of answers' tokens alone."""
    estimated: bool
    """Whether the log has no token at all, so that answers are taken to be the benchmark's."""


def logged(lines: Iterable[str], pools: Collection[str], seconds: float) -> Logged:
    """What a gateway's lines of so many seconds say of these pools."""
    answers = counted = tokens = 0
    for line in lines:
        entry = read_entry(line)
        if entry is not None and entry.pool in pools and _is_own_answer(entry):
            answers += 1
            counted += entry.tokens > 0
            tokens += entry.tokens
    return Logged(answers, counted, tokens, seconds)


def _is_own_answer(entry: Entry) -> bool:
    return entry.provider == FLEET and entry.cache != "hit" and 200 <= entry.status < 300


def covered_seconds(begin: datetime | None, since_seconds: int, now: datetime) -> float:
    """How much of that time a log covers whose oldest line is of `begin`.

    Docker drops the oldest lines: a busy gateway's log may begin yesterday. How long nobody asked
    before the first request within that time does not matter: that is use, too.

    Ours: the age of the oldest line, an hour at least.
    """
    if begin is None:
        return since_seconds
    return min(since_seconds, max((now - begin).total_seconds(), LEAST_SECONDS))


def use(logs: Sequence[Logged], prompt_ratio: float, benchmark_tokens: float) -> Use:
    """A month like the time that the logs cover: answers / seconds * 2,628,000 * tokens of each.

    `benchmark_tokens`: of one answer with its prompt, where no line has a number. Of all tokens
    1 / (1 + k) are of answers, k prompt tokens for each as the benchmark had it.

    Ours: gateways' logs count tokens, prompts and answers together, and not for every client.
    """
    answers, counted = sum(one.answers for one in logs), sum(one.counted for one in logs)
    mean = sum(one.tokens for one in logs) / counted if counted else benchmark_tokens
    per_second = sum(one.answers / one.seconds for one in logs)
    tokens = per_second * SECONDS_PER_MONTH * mean / (1 + prompt_ratio)
    return Use(
        answers=answers,
        counted=counted,
        seconds=max((one.seconds for one in logs), default=0.0),
        tokens_per_answer=mean,
        millions_per_month=tokens / MILLION,
        estimated=answers > 0 and not counted,
    )
