"""How fast one request can be answered at most: each token reads the weights and its cache once.

The bound is the memory's bandwidth. None of 39 published runs of 2024 to 2026 was above it; their
median was 69 % of it. So it bounds and judges, and does not forecast.
"""

from dataclasses import dataclass

from deploys.plan.gpu_catalogue import CatalogueGpu

GIGABYTE = 10**9


@dataclass(frozen=True)
class Band:
    """Shares of the roofline: what is usual, and below which something is wrong."""

    low: float
    high: float
    suspicious: float


# Published runs by class of memory (XiongjieDai/GPU-Benchmarks-on-LLM-Inference of May 2024,
# llmfit's community runs of 2026, llama.cpp pull requests 15802 and 17505): GDDR 56 to 88 %, HBM 31
# to 52 %, a single request leaving the latter mostly idle.
BANDS = {"gddr": Band(0.60, 0.85, 0.50), "hbm": Band(0.30, 0.55, 0.25)}


@dataclass(frozen=True)
class Speed:
    """Tokens per second of one request."""

    roofline: float
    usual_low: float
    usual_high: float
    suspicious: float
    """Below it: layers in RAM, a wrong PCIe link or power state, or a debug build."""


def bytes_per_token(
    dense_bytes: float, expert_bytes: float, used: int, experts: int, cache_bytes: float
) -> float:
    """What a GPU reads for one token: of the experts only those it uses."""
    return dense_bytes + (expert_bytes * used / experts if experts else 0) + cache_bytes


def seconds_per_token(read_bytes: float, bandwidth_gb_per_second: float) -> float:
    """Of one memory, read from one end to the other."""
    return read_bytes / (bandwidth_gb_per_second * GIGABYTE)


def roofline(
    gpu_bytes: float, gpu: CatalogueGpu, ram_bytes: float = 0, ram_gb_per_second: float = 0
) -> Speed:
    """The bound and the usual band; layers in RAM take their turn after those on the GPU.

    Raises ValueError for layers in RAM of unknown bandwidth.
    """
    if ram_bytes and not ram_gb_per_second:
        raise ValueError("layers lie in RAM, whose bandwidth is not known")
    seconds = seconds_per_token(gpu_bytes, gpu.bandwidth_gb_per_second)
    if ram_bytes:
        seconds += seconds_per_token(ram_bytes, ram_gb_per_second)
    return bounded(seconds, gpu.memory_class)


def bounded(seconds: float, memory_class: str) -> Speed:
    """From the least time of one token, the usual band being that of the GPU's memory."""
    bound = 1 / seconds
    band = BANDS[memory_class]
    return Speed(bound, bound * band.low, bound * band.high, bound * band.suspicious)
