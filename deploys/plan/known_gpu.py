"""What a hardware file leaves out about a GPU, taken from the catalogue by its name."""

from deploys.plan.gpu_catalogue import MOST_MISSING_MIB, find_gpu
from deploys.settings.hardware import Gpu


def known_gpu(gpu: Gpu) -> Gpu:
    """The same GPU with `visible_mib` set, and what else the catalogue knows; measured facts win.

    Compute capability and SM count stay None for a GPU that neither file knows.
    """
    entry = find_gpu(gpu.name)
    filled: dict[str, object] = {"visible_mib": gpu.visible_mib or _visible_mib(gpu)}
    if entry is not None:
        filled["compute_capability"] = gpu.compute_capability or entry.compute_capability
        filled["sm_count"] = gpu.sm_count or entry.sm_count
        filled["process_mib"] = gpu.process_mib or entry.process_mib
    return gpu.model_copy(update=filled)


def _visible_mib(gpu: Gpu) -> int:
    """As much less than NVML's total as CUDA sees of the catalogue's card.

    The difference, not the figure: drivers and ECC change the total of one and the same card. Below
    that a GPU has nothing left, which any plan for it will refuse.
    """
    entry = find_gpu(gpu.name)
    missing = entry.nvml_mib - entry.usable_mib if entry is not None else MOST_MISSING_MIB
    return max(0, gpu.memory_mib - missing)
