"""An engine's own account of its memory, in the planner's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

CPU = "CPU"
# All parts of one GPU together, where an engine does not tell them apart.
TOTAL = "total"


@dataclass(frozen=True)
class PoolReport:
    """vLLM's KV pool of one GPU, in GiB as it prints them; None: not printed."""

    available_gib: float | None = None
    budget_gib: float | None = None
    """Its share of the GPU's memory: gpu_memory_utilization times all that CUDA sees."""
    visible_gib: float | None = None
    tokens: int | None = None
    blocks: int | None = None
    concurrency: float | None = None
    """Requests of the greatest length that fit at once."""
    is_pinned: bool = False
    """It was given its size, and says nothing of what is taken beside it."""


@dataclass(frozen=True)
class Reported:
    """One start of one engine."""

    engine: str
    version: str = ""
    """`b11669`, `0.33.0`; empty where the log does not say."""
    devices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """`GPU0`, `GPU1` …, `CPU` -> part -> MiB, with the parts of deploys/plan/memory/estimate.py."""
    offloaded_layers: int | None = None
    offloadable_layers: int | None = None
    has_no_gpu: bool = False
    """The engine says itself that it found no GPU it can use."""
    pool: PoolReport | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the log still holds what was said at the start."""
        return bool(self.devices)
