"""What the gateway is held to beside a bare nginx and LiteLLM, and whether a run met it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# None of these judges the run: a busy machine misses them for reasons of its own.
Document = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One figure of the document and its bound."""

    words: str
    where: tuple[str, str, str]
    """Part, row and column."""
    bound: float
    is_least: bool = False
    """Whether the bound is the least that fits, or the most."""


TARGETS = (
    Target(
        "requests per second, body unread / bare nginx", ("small", "by_path", "of_bare"), 0.75, True
    ),
    Target("requests per second / bare nginx", ("small", "by_model", "of_bare"), 0.6, True),
    Target(
        "requests per second, body unread / LiteLLM", ("small", "by_path", "of_litellm"), 150, True
    ),
    Target("requests per second / LiteLLM", ("small", "by_model", "of_litellm"), 150, True),
    Target(
        "first event of a stream, p50, ms above bare nginx",
        ("streams", "by_model", "p50_added_ms"),
        0.2,
    ),
    Target(
        "first event of a stream, p99, ms above bare nginx",
        ("streams", "by_model", "p99_added_ms"),
        1.0,
    ),
    Target("time of a 20 MB image / bare nginx", ("images", "by_model", "of_bare"), 1.2),
    Target("requests that fail when a replica is killed", ("failover", "by_model", "failed"), 0),
)


def verdicts(document: Document) -> list[dict[str, Any]]:
    """Each target that was measured, by the median of its rounds: met or missed."""
    return list(_verdicts(document))


def _verdicts(document: Document) -> Iterator[dict[str, Any]]:
    for target in TARGETS:
        part, row, column = target.where
        found = document["parts"].get(part, {}).get("rows", {}).get(row, {}).get(column)
        if found is None:
            continue
        value = found["median"] if isinstance(found, dict) else found
        is_met = value >= target.bound if target.is_least else value <= target.bound
        # Whether every round says the same.
        is_sure = not (isinstance(found, dict) and found["least"] < target.bound < found["most"])
        sign = ">=" if target.is_least else "<="
        yield {
            "target": target.words,
            "bound": f"{sign} {target.bound:g}",
            "measured": value,
            "is_met": is_met,
            "is_sure": is_sure,
        }
