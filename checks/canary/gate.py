"""What a gate between two steps of a canary is, and what it goes by."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from checks.canary.sample import Request

Verdict = Literal["passes", "waits", "fails"]
WORST_FIRST: tuple[Verdict, ...] = ("fails", "waits")


@dataclass(frozen=True)
class Gate:
    """One gate."""

    name: str
    verdict: Verdict
    words: str
    """What it goes by, with numbers."""
    more: int = 0
    """Requests of the candidate that it lacks, about; 0: it lacks none, or cannot say."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Arms:
    """Requests by the arm that was drawn for them."""

    candidate: Sequence[Request]
    stable: Sequence[Request]


@dataclass(frozen=True)
class Look:
    """What the last look saw, and how improbable it must be to end the trial; 0: no look yet."""

    arms: Arms
    limit: float


def outcome(found: Sequence[Gate]) -> Verdict:
    """Of all together."""
    verdicts = {gate.verdict for gate in found}
    return next((one for one in WORST_FIRST if one in verdicts), "passes")


def chances(chance: float, limit: float) -> str:
    """How a look is told."""
    return f"; by chance alone {_probability(chance)}, ends it at {_probability(limit)}"


def _probability(chance: float) -> str:
    return f"{chance:.2g}" if chance >= 1e-6 else "under 0.000001"
