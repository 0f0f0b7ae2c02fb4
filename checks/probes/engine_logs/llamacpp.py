"""llama.cpp's words (llama-server and LocalAI's backend), from 2024's to build 11669's.

    llm_load_tensors:      CUDA0 buffer size =  7317.71 MiB                    until February 2025
    load_tensors:          CUDA0 model buffer size = 31014.14 MiB              since
    llama_kv_cache_init, llama_kv_cache_unified, llama_kv_cache: CUDA0 KV buffer size = …
    llama_memory_recurrent: CUDA0 RS buffer size = …
    llama_new_context_with_model, llama_context, graph_reserve, sched_reserve: CUDA0 compute buffer
    alloc_compute_meta: CUDA0 compute buffer size = …                          of a projector
    reserve_compute_meta: CPU compute buffer size = …                          of b11669's

Since late 2025 only `--verbosity 4` shows them. Sizes are MiB.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.probes.engine_logs.reported import CPU, Reported

_SIZE = re.compile(
    r"(?P<function>\w+): +(?P<device>\S+) +(?:(?P<what>model|KV|RS|compute|output) +)?"
    r"buffer size += +(?P<mib>\d+(?:\.\d+)?) MiB"
)
_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_BUILD = re.compile(r"\bbuild(?::|_info:| =)? ?b?(\d{3,6})\b")
# Each context of a process (a draft's comes after the model's) tells its sizes anew.
_CONTEXT = re.compile(
    r"(?:llama_context|llama_init_from_model|llama_new_context_with_model): n_ctx +="
)
_PROJECTOR = re.compile(r"load_hparams: model size: +(\d+(?:\.\d+)?) MiB")
_PROJECTOR_GPU = re.compile(r"CLIP using ([A-Za-z]+)(\d*) backend")
_OF_A_PROJECTOR = ("alloc_compute_meta", "reserve_compute_meta")
_NO_GPU = "no usable GPU found"
_PARTS = {
    None: "weights",
    "model": "weights",
    "KV": "kv_cache",
    "RS": "recurrent_state",
    "compute": "compute_buffer",
    "output": "output_buffer",
}
# What a second context of the process, which drafts, has of its own.
_DRAFTED = ("kv_cache", "recurrent_state", "compute_buffer")
# What the grep on the host keeps; a busy server's log has 30 MB.
PATTERN = (
    r"buffer size +=|layers to GPU|build|: n_ctx +=|load_hparams: model size|CLIP using|usable GPU"
)


@dataclass(frozen=True)
class _Size:
    context: int
    device: str
    part: str
    mib: float


def read(lines: Iterable[str]) -> Reported:
    """One start's lines; those that say nothing of memory are passed over."""
    text = list(lines)
    sizes = list(_sizes(text))
    offloaded = _last(_OFFLOADED, text)
    build = _last(_BUILD, text)
    return Reported(
        engine="llamacpp",
        version=f"b{build[1]}" if build else "",
        devices=_devices(sizes),
        offloaded_layers=int(offloaded[1]) if offloaded else None,
        offloadable_layers=int(offloaded[2]) if offloaded else None,
        has_no_gpu=any(_NO_GPU in line for line in text),
    )


def _sizes(lines: Iterable[str]) -> Iterator[_Size]:
    context, tower = 0, CPU
    for line in lines:
        context += bool(_CONTEXT.search(line))
        if using := _PROJECTOR_GPU.search(line):
            tower = _device("".join(using.groups()))
        if weights := _PROJECTOR.search(line):
            yield _Size(context, tower, "projector", float(weights[1]))
        found = _SIZE.search(line)
        if found is None:
            continue
        part = _PARTS[found["what"]]
        if found["device"] == "CPU_REPACK":
            # A second copy in the order that the CPU's kernels like, of weights mapped already.
            part = "repacked_weights"
        if found["function"] in _OF_A_PROJECTOR:
            part = "projector"
        yield _Size(context, _device(found["device"]), part, float(found["mib"]))


def _devices(sizes: list[_Size]) -> dict[str, dict[str, float]]:
    """Sums; but a context that reserves its compute buffers again only replaces them."""
    reserved = {
        (size.device, size.context): size for size in sizes if size.part == "compute_buffer"
    }
    devices: dict[str, dict[str, float]] = {}
    for size in sizes:
        parts = devices.setdefault(size.device, {})
        counts = size.part != "compute_buffer" or size is reserved[size.device, size.context]
        part = "draft" if size.context > 1 and size.part in _DRAFTED else size.part
        parts[part] = round(parts.get(part, 0.0) + size.mib * counts, 2)
    return devices


def _device(name: str) -> str:
    """`CUDA0` and `CUDA0_Split` are GPU0; `CPU_Mapped`, `CPU_REPACK`, `CUDA_Host` are RAM."""
    numbered = re.fullmatch(r"(?!CPU)[A-Za-z]+(\d+)(_Split)?", name)
    return f"GPU{numbered[1]}" if numbered else CPU


def _last(pattern: re.Pattern[str], lines: Iterable[str]) -> re.Match[str] | None:
    found = None
    for line in lines:
        found = pattern.search(line) or found
    return found
