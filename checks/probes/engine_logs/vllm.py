"""vLLM's words, from 0.6 (V0) to 0.33.0; it says GB in old ones and means GiB.

From vllm/v1/worker/gpu_worker.py, gpu_model_runner.py and vllm/v1/core/kv_cache_utils.py of 0.33.0
and from published logs of older versions. Every worker of a tensor parallel group speaks for its
own GPU, some lines only the first; the planner holds them to be alike, so the largest need and the
smallest pool count for all.
"""

import re
from collections.abc import Iterable, Sequence

from checks.probes.engine_logs.reported import PoolReport, Reported

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_GIB = rf"{_NUMBER} ?Gi?B"
_VERSION = re.compile(r"(?:API server version |LLM engine \(v)(\d+\.\d+\.\d+[^\s)]*)")
_WORKER = re.compile(r"\(Worker_\w*?TP(\d+)\w* pid=")
_WEIGHTS = (
    re.compile(rf"Model loading took {_GIB}"),
    re.compile(rf"Loading model weights took {_GIB}"),
    re.compile(rf"model weights take {_GIB}"),
    re.compile(rf"Actual usage is {_GIB} for weight,"),
)
# Weights and all that is not torch's: libraries, workspaces of attention.
_CONSUMED = re.compile(rf"Actual usage is {_GIB} for consumed memory")
_OUTSIDE = (
    re.compile(rf"non_torch_memory takes {_GIB}"),
    re.compile(rf"{_GIB} for non-torch memory"),
)
_ACTIVATION = (
    re.compile(rf"{_GIB} for peak activation"),
    re.compile(rf"PyTorch activation peak memory takes {_GIB}"),
)
_GRAPHS = (
    re.compile(rf"Estimated CUDA graph memory: {_GIB} total"),
    # All that 0.33's default runner says of the estimate.
    re.compile(rf"CUDA graph pool memory: .*, {_GIB} \(estimated\)"),
)
_GRAPHS_COUNT = "CUDA graph memory profiling is enabled"
_PINNED = "memory for KV Cache as specified"
_POOL = (
    re.compile(rf"Available KV cache memory: {_GIB}"),
    re.compile(rf"memory reserved for KV Cache is {_GIB}"),
    re.compile(rf"Current kv cache memory in use is {_GIB}"),
    re.compile(rf"reserved {_GIB} {_PINNED}"),
)
_BUDGET = (
    re.compile(rf"Desired GPU memory utilization is \([\d.]+, {_GIB}\)"),
    re.compile(rf"gpu_memory_utilization \([\d.]+\) = {_GIB}"),
)
_VISIBLE = (
    re.compile(rf"Free memory on device \([\d.]+/{_GIB}\)"),
    re.compile(rf"total_gpu_memory \({_GIB}\)"),
)
_TOKENS = re.compile(r"KV cache size: ([\d,]+) tokens")
_CONCURRENCY = re.compile(rf"tokens per request: {_NUMBER}x")
_BLOCKS = re.compile(r"# (?:GPU|CUDA|cuda) blocks: (\d+)")
# What the grep on the host keeps.
PATTERN = (
    "API server version|LLM engine|took [0-9.]+ Gi?B|model weights take|Actual usage is|"
    "Estimated CUDA graph memory|CUDA graph pool memory|CUDA graph memory profiling|"
    "KV [Cc]ache|gpu_memory_utilization|tokens per request|blocks:"
)

Patterns = re.Pattern[str] | Sequence[re.Pattern[str]]


def read(lines: Iterable[str]) -> Reported:
    """One start's lines; those that say nothing of memory are passed over."""
    text = list(lines)
    parts = _parts(text)
    workers = {found[1] for line in text if (found := _WORKER.search(line))}
    version = _VERSION.search("\n".join(text))
    return Reported(
        engine="vllm",
        version=version[1] if version else "",
        devices={f"GPU{gpu}": parts for gpu in range(len(workers) or 1)} if parts else {},
        pool=_pool(text),
    )


def _parts(lines: Sequence[str]) -> dict[str, float]:
    weights = _largest(_WEIGHTS, lines)
    consumed = _largest(_CONSUMED, lines)
    outside = _largest(_OUTSIDE, lines)
    if outside is None and consumed is not None and weights is not None:
        outside = consumed - weights
    graphs = _largest(_GRAPHS, lines)
    counted = any(_GRAPHS_COUNT in line for line in lines)
    activation = _largest(_ACTIVATION, lines)
    if activation is not None and counted and graphs is not None:
        # Where graphs count, the line on the peak has them in it.
        activation -= graphs
    gib = {
        "weights": weights,
        "outside": outside,
        "compute_buffer": activation,
        "graphs": graphs if counted else None,
        "kv_cache": _smallest(_POOL, lines),
    }
    return {part: round(size * 1024, 2) for part, size in gib.items() if size is not None}


def _pool(lines: Sequence[str]) -> PoolReport | None:
    found = PoolReport(
        available_gib=_smallest(_POOL, lines),
        budget_gib=_smallest(_BUDGET, lines),
        visible_gib=_smallest(_VISIBLE, lines),
        tokens=_whole(_smallest(_TOKENS, lines)),
        blocks=_whole(_smallest(_BLOCKS, lines)),
        concurrency=_smallest(_CONCURRENCY, lines),
        is_pinned=any(_PINNED in line for line in lines),
    )
    return None if found == PoolReport() else found


def _numbers(patterns: Patterns, lines: Iterable[str]) -> list[float]:
    """What the first of the patterns says that is found at all."""
    text = "\n".join(lines)
    for pattern in [patterns] if isinstance(patterns, re.Pattern) else patterns:
        found = pattern.findall(text)
        if found:
            return [float(number.replace(",", "")) for number in found]
    return []


def _largest(patterns: Patterns, lines: Iterable[str]) -> float | None:
    return max(_numbers(patterns, lines), default=None)


def _smallest(patterns: Patterns, lines: Iterable[str]) -> float | None:
    return min(_numbers(patterns, lines), default=None)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
