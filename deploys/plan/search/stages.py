"""The third step: on how many GPUs, and what goes to RAM; earlier stages are better ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deploys.plan.search.alternatives import EngineName
from deploys.settings.pool import Pool

InRam = Literal["nothing", "experts", "layers", "as set"]
# More PCIe GPUs than this lose to all-reduce what they add in bandwidth.
MOST_PCIE_GPUS = 4


@dataclass(frozen=True)
class Stage:
    """A way to lay a replica out."""

    gpus: int
    in_ram: InRam

    def words(self, engine: EngineName) -> str:
        """As reasons say it."""
        how = "tensor parallel over" if engine == "vllm" else "layers split over"
        where = "one GPU" if self.gpus == 1 else f"{how} {self.gpus} GPUs"
        kept = {"nothing": "", "experts": ", experts in RAM", "layers": ", layers in RAM"}
        return where + kept.get(self.in_ram, ", RAM as set")


def stages(engine: EngineName, words: Pool, most_gpus: int, has_experts: bool) -> tuple[Stage, ...]:
    """All that the words allow on hosts of up to `most_gpus` GPUs, best first."""
    counts = tuple(_counts(engine, words, most_gpus))
    if engine == "vllm":
        return tuple(Stage(count, "nothing") for count in counts)
    if words.gpu_layers != "auto" or words.experts_on_cpu != "auto":
        return tuple(Stage(count, "as set") for count in counts)
    whole = tuple(Stage(count, "nothing") for count in counts)
    # What lies in RAM is read ten times slower than on a GPU: as little as possible does, on as
    # many GPUs as there are.
    falling = tuple(reversed(counts))
    experts = tuple(Stage(count, "experts") for count in falling if has_experts)
    return whole + experts + tuple(Stage(count, "layers") for count in falling)


def _counts(engine: EngineName, words: Pool, most_gpus: int) -> Iterable[int]:
    pinned = words.gpus if words.gpus != "auto" else words.tensor_parallel
    if words.share_gpus:
        return (1,)
    if pinned != "auto":
        return (pinned,) if pinned <= most_gpus else ()
    if engine == "vllm":
        # Heads are powers of two, or a small multiple of them.
        return (count for count in (1, 2, 4, 8, 16) if count <= most_gpus)
    return range(1, most_gpus + 1)
