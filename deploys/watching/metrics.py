"""What an engine's /metrics say of progress: who waits and runs, and what has been computed.

The watch goes by it from look to look, and a check before and after a request of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Gauges of requests that an engine computes or holds, by its own names.
BUSY = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "llamacpp:requests_processing",
    "llamacpp:requests_deferred",
)
# Counters that move with each step. llama-server counts tokens when an answer or a prompt is done,
# and calls of llama_decode as they happen; vLLM counts its steps as a histogram's entries.
STEPS = (
    "vllm:iteration_tokens_total_count",
    "vllm:generation_tokens_total",
    "vllm:prompt_tokens_total",
    "llamacpp:n_decode_total",
    "llamacpp:prompt_tokens_total",
    "llamacpp:tokens_predicted_total",
)
# Of those, the tokens of answers.
GENERATED = ("vllm:generation_tokens_total", "llamacpp:tokens_predicted_total")


@dataclass(frozen=True)
class Metrics:
    """One reading."""

    busy: float
    """Requests that run or wait."""
    steps: float | None
    """Sum of all counters of STEPS; None where the engine has none of them."""
    generated: float | None = None
    """Tokens of all answers so far; None where the engine does not count them."""


def stands_still(before: float | None, now: Metrics) -> bool:
    """Whether requests run or wait, and nothing was computed since `steps` were `before`."""
    return now.busy > 0 and now.steps is not None and now.steps == before


def read_metrics(text: str) -> Metrics | None:
    """Prometheus' text; None where it says nothing of requests, as half an answer may."""
    busy: list[float] = []
    steps: list[float] = []
    generated: list[float] = []
    for line in text.splitlines():
        name, value = _sample(line)
        if value is None:
            continue
        if name in BUSY:
            busy.append(value)
        elif name in STEPS:
            steps.append(value)
            generated += [value] * (name in GENERATED)
    if not busy:
        return None
    return Metrics(sum(busy), _sum(steps), _sum(generated))


def _sum(values: list[float]) -> float | None:
    return sum(values) if values else None


def _sample(line: str) -> tuple[str, float | None]:
    """`name{labels} value`; labels may hold blanks, and several engines have a line each."""
    name = line.partition("{")[0].partition(" ")[0]
    try:
        value = float(line.rpartition("}")[2].split()[-1 if "{" not in line else 0])
    except (ValueError, IndexError):
        return name, None
    # `NaN` is a number to Python, and none of requests.
    return name, value if math.isfinite(value) else None
