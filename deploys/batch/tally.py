"""What a run has done so far: lines, tokens and who generated them, by model."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from deploys.batch.letters import Answer


class Tokens(NamedTuple):
    """Of answers, as their `usage` says; embeddings have no completion."""

    prompt: int = 0
    completion: int = 0

    def plus(self, other: "Tokens") -> "Tokens":
        """Both together."""
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)


@dataclass
class Model:
    """The requests of one public model name."""

    answered: int = 0
    failed: int = 0
    retries: int = 0
    tokens: defaultdict[str, Tokens] = field(default_factory=lambda: defaultdict(Tokens))
    """By provider."""
    providers: Counter[str] = field(default_factory=Counter)
    """Answers by provider."""
    unmetered: int = 0
    """Answers without a usage."""
    began: float = 0
    """On the run's clock, in seconds: when its first request was sent."""
    ended: float = 0
    """When its last line was finished."""

    @property
    def seconds(self) -> float:
        """From its first request to its last answer."""
        return self.ended - self.began

    @property
    def all_tokens(self) -> Tokens:
        """Whoever has generated them."""
        total = Tokens()
        for tokens in self.tokens.values():
            total = total.plus(tokens)
        return total


@dataclass
class Tally:
    """One run; lines that were finished before are not in it."""

    models: dict[str, Model] = field(default_factory=dict)
    answered: int = 0
    failed: int = 0
    in_flight: int = 0
    """Requests that wait for an answer or for their next try."""
    given_up_in_a_row: int = 0

    def begin(self, model: str, now: float) -> Model:
        """A line was taken up."""
        self.in_flight += 1
        return self.models.setdefault(model, Model(began=now, ended=now))

    def answer(self, one: Model, answer: Answer, now: float) -> None:
        """It has its answer."""
        self.answered += 1
        self.given_up_in_a_row = 0
        one.answered += 1
        one.ended = now
        one.providers[answer.provider] += 1
        tokens = _usage(answer.body)
        if tokens is None:
            one.unmetered += 1
        else:
            one.tokens[answer.provider] = one.tokens[answer.provider].plus(tokens)

    def fail(self, one: Model, now: float, *, given_up: bool) -> None:
        """It became a dead letter."""
        self.failed += 1
        self.given_up_in_a_row = self.given_up_in_a_row + 1 if given_up else 0
        one.failed += 1
        one.ended = now


def _usage(body: object) -> Tokens | None:
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    prompt, completion = (usage.get(f"{word}_tokens", 0) for word in ("prompt", "completion"))
    if not (isinstance(prompt, int) and isinstance(completion, int)):
        return None
    return Tokens(prompt, completion)
