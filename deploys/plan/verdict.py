"""Whether an estimate fits a GPU, and if not, what is in the way and by how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from deploys.plan.memory import process
from deploys.plan.memory.estimate import DeviceEstimate, Range

PART_WORDS = {
    "weights": "weights",
    "kv_cache": "KV cache",
    "recurrent_state": "recurrent state",
    "compute_buffer": "compute buffer",
    "projector": "projector",
    "draft": "draft",
    "process": "process",
    "graphs": "graphs",
}


class Outcome(StrEnum):
    """How a plan stands."""

    FITS = "fits"
    TIGHT = "tight"
    """It fits, but only into the margin."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one GPU; sizes in MiB."""

    outcome: Outcome
    needed_mib: float
    """The upper bound of all parts, without the margin."""
    available_mib: float
    """What CUDA sees, less what others use."""
    margin_mib: float
    binding: str
    """What is in the way, in words; empty where nothing is."""
    explanation: str
    """The sum, part by part."""

    @property
    def spare_mib(self) -> float:
        """What is left beside the margin; negative where it is not."""
        return self.available_mib - self.margin_mib - self.needed_mib


def judge(
    device: DeviceEstimate,
    visible_mib: float,
    used_by_others_mib: float = 0,
    unknown: tuple[str, ...] = (),
) -> Verdict:
    """The verdict of one GPU. The margin is max(512 MiB, 3 %) of what CUDA sees.

    A part that is not known refuses the plan: nothing is guessed.
    """
    parts = {name: part for name, part in device.parts.items() if name != "margin"}
    needed = sum(part.upper for part in parts.values())
    available = visible_mib - used_by_others_mib
    margin = process.margin_mib(visible_mib)
    missing = (*unknown, *(() if "process" in parts else ("process: the size of its context",)))
    binding = "not known: " + "; ".join(missing) if missing else ""
    if not missing and needed > available - margin:
        binding = _binding(parts, available - margin)
    outcome = Outcome.TIGHT if binding else Outcome.FITS
    if missing or needed > available:
        outcome = Outcome.REFUSED
    explanation = _sum(device.device, parts, needed, available, margin)
    return Verdict(outcome, needed, available, margin, binding, explanation)


def _binding(parts: Mapping[str, Range], budget: float) -> str:
    """The first part, in this order, that the rest cannot make room for."""
    needs = {name: part.upper for name, part in parts.items()}
    fixed = needs.get("process", 0) + needs.get("graphs", 0)
    if fixed > budget:
        return "the context of the process alone is larger than the GPU's budget"
    if needs.get("weights", 0) + fixed > budget:
        return "weights"
    total = sum(needs.values())
    grown = ("kv_cache", "compute_buffer", "projector", "draft", "recurrent_state")
    alone = [name for name in grown if needs.get(name, 0) >= total - budget]
    if alone:
        return PART_WORDS[max(alone, key=lambda name: needs[name])]
    return "weights and " + PART_WORDS[max(grown, key=lambda name: needs.get(name, 0))]


def _sum(
    device: str, parts: Mapping[str, Range], needed: float, available: float, margin: float
) -> str:
    terms = " + ".join(
        f"{PART_WORDS[name]} {part.upper:,.0f}" for name, part in parts.items() if part.upper >= 0.5
    )
    return (
        f"{device} needs {needed:,.0f} MiB ({terms}); "
        f"budget {available - margin:,.0f} MiB ({available:,.0f} less margin {margin:,.0f})"
    )
