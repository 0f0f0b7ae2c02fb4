"""What a user may expect of an answer: goodput counts the answers that keep all of it."""

from dataclasses import dataclass

from checks.benchmarks.client.sample import Sample


@dataclass(frozen=True)
class Objective:
    """All of it must hold for an answer to be good; whatever is no answer is not good."""

    # MLPerf Inference's server scenario for Llama 2 70B: 2 s, and 200 ms for each token.
    first_token_seconds: float = 2.0
    token_seconds: float = 0.2
    total_seconds: float | None = None
    """None: answers may be as long as they are asked for."""

    def is_met(self, sample: Sample) -> bool:
        """Whether this request was answered, and in time."""
        if not sample.is_answered:
            return False
        total = self.total_seconds is None or sample.total_seconds <= self.total_seconds
        token = sample.token_seconds
        in_time = sample.first_token_seconds <= self.first_token_seconds
        return total and in_time and (token is None or token <= self.token_seconds)
