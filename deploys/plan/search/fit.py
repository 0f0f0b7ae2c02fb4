"""What one replica would be on some GPUs, and whether it fits there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from deploys.plan.arguments import Arguments
from deploys.plan.memory.corrections import NO_CORRECTIONS, Corrections
from deploys.plan.memory.estimate import DeviceEstimate, Pool
from deploys.plan.verdict import Outcome, Verdict

# What a container needs beyond the sum before the kernel would kill it: page cache and allocator.
HEADROOM_SHARE = 0.25
# Of a hundred GiB of weights in RAM a quarter would lie idle: they neither grow nor move.
MOST_HEADROOM_MIB = 4096
SMALLEST_LIMIT_MIB = 256
ENCODERS_ARE_SILENT = "an encoder writes no text: it gives vectors or ranks"
_ORDER = (Outcome.FITS, Outcome.TIGHT, Outcome.REFUSED)


@dataclass(frozen=True)
class Fit:
    """A replica on GPUs of some kinds, judged; threads are shared out later."""

    outcome: Outcome
    binding: str
    """What is in the way, in words; empty where nothing is."""
    explanation: str
    """The sum of the GPU that is short, or of the first."""
    arguments: Arguments | None
    """None: it cannot even be asked for."""
    devices: tuple[DeviceEstimate, ...] = ()
    """GPUs in order; last RAM, where the engine is llama.cpp."""
    verdicts: tuple[Verdict, ...] = ()
    ram_mib: Mapping[str, int] | None = None
    """Parts in RAM."""
    reasons: tuple[str, ...] = ()
    corrections: Corrections = NO_CORRECTIONS
    """What of it is measured."""
    pool: Pool | None = None
    """vLLM's, of one GPU."""
    behind: tuple["Fit", ...] = ()
    """Of the pipeline's further stages, each on a host of its own; this is the first, judged by the
    worst of all."""

    @property
    def short_mib(self) -> float:
        """How much the worst GPU lacks; infinite where it is not a matter of memory."""
        if not self.verdicts:
            return float("inf")
        return max(one.needed_mib - one.available_mib + one.margin_mib for one in self.verdicts)

    @property
    def ram_limit_mib(self) -> int:
        """The container's limit."""
        return memory_limit_mib(self.ram_mib or {})


def refused(binding: str) -> Fit:
    """Not a matter of memory."""
    return Fit(Outcome.REFUSED, binding, binding, None)


def cuts_texts(batch_tokens: int, text_tokens: int) -> str:
    """Why no vectors or ranks: they are of whole texts."""
    return f"a batch of {batch_tokens} tokens cuts a text of {text_tokens}"


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that decides: of the worst outcomes the one that is short by the most."""
    return max(verdicts, key=lambda one: (_ORDER.index(one.outcome), -one.spare_mib))


def memory_limit_mib(parts: Mapping[str, int]) -> int:
    """The container's limit: the sum with headroom, in whole steps of 64 MiB."""
    needed = sum(parts.values())
    headroom = min(needed * HEADROOM_SHARE, MOST_HEADROOM_MIB)
    return max(SMALLEST_LIMIT_MIB, ceil((needed + headroom) / 64) * 64)
