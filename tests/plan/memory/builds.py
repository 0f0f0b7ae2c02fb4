"""Whole estimates by every profile of an engine's builds, so that each fact of each shows in one.

Whether they are right is for the engine itself to say of the pinned build (tests/plan/oracle), and
for published logs of all (`make accuracy`); here none may change unseen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.configuration import Case, KnownWeights
from deploys.plan.memory.estimate import Estimate
from tests.plan.memory.shapes import DEEPSEEK_V3, GEMMA3_27B, LLAMA_8B
from tests.plan.memory.whole import FEW_WORDS, GPU, Q8, part, pool, upper, vllm
from tests.plan.memory.whole import llamacpp as whole

Build = tuple[str, str]
"""(engine, version)."""

THREE = (GPU, GPU, GPU)
# 512 tokens want logits at once.
CROWD = {"sequences": 512, "unified": True}


def llamacpp(shape: Architecture, **asked: object) -> Case:
    """On GPUs alone; without its weights, whose rules take their time and are no build's."""
    case = whole(shape, "", "pinned", **asked)
    return replace(case, weights=KnownWeights(tensor_bytes={"token_embd.weight": 0}))


@dataclass(frozen=True)
class Row:
    """One number of one case, as each build has it."""

    case: Case
    read: Callable[[Estimate], float]
    stated: Sequence[float]
    """MiB, GiB or tokens, in the order of the builds."""


LLAMACPP: tuple[Build, ...] = (
    ("llama.cpp", "pinned"),
    ("llama.cpp", "b9500"),
    ("llama.cpp", "b8000"),
    ("llama.cpp", "b6000"),
    ("llama.cpp", "b5000"),
    ("ik_llama.cpp", "2025"),
)
LLAMACPP_ROWS = (
    Row(
        llamacpp(LLAMA_8B, flash_attention=False),
        part("compute_buffer"),
        (576, 560, 560, 560, 560, 560),
    ),
    Row(
        llamacpp(LLAMA_8B, context_tokens=131072, **Q8),
        part("compute_buffer"),
        (688, 672, 492, 492, 492, 258.5),
    ),
    Row(
        llamacpp(LLAMA_8B, **CROWD),
        upper("compute_buffer"),
        (313.74, 296.46, 296.46, 296.46, 296.46, 296.46),
    ),
    Row(llamacpp(FEW_WORDS), part("compute_buffer"), (92, 56, 72, 72, 72, 56)),
    Row(
        llamacpp(FEW_WORDS, devices=THREE),
        part("compute_buffer"),
        (216, 96, 160, 160, 160, 96),
    ),
    Row(
        llamacpp(GEMMA3_27B),
        part("compute_buffer"),
        (177.5, 522.625, 522.625, 522.625, 522.625, 522.625),
    ),
    Row(llamacpp(GEMMA3_27B), part("kv_cache"), (1264, 1264, 1264, 1264, 3968, 3968)),
    Row(llamacpp(LLAMA_8B, gpu_layers=3), part("kv_cache"), (64, 64, 64, 96, 96, 96)),
    Row(llamacpp(DEEPSEEK_V3), part("kv_cache"), (549, 549, 549, 1037, 39040, 549)),
    Row(
        llamacpp(DEEPSEEK_V3, context_tokens=65536, devices=THREE),
        part("compute_buffer", 1),
        (830, 744, 1256, 1256, 1256, 744),
    ),
)
VLLM: tuple[Build, ...] = (
    ("vLLM", "pinned"),
    ("vLLM", "0.20.0"),
    ("vLLM", "0.7.3"),
    ("vLLM", "0.6.4"),
)
JOINED = replace(GPU, fabric=True)
TWO_JOINED = {"total_gib": 23.5, "tensor_parallel": 2, "devices": (JOINED, JOINED)}
LONG = {"total_gib": 79.0, "maximum_length_tokens": 131072}
VLLM_ROWS = (
    Row(vllm(LLAMA_8B, "bf16", total_gib=23.5), part("graphs"), (757.76, 0, 0, 0)),
    Row(vllm(LLAMA_8B, "bf16", total_gib=23.5), upper("graphs"), (2795.52, 0, 0, 0)),
    Row(
        vllm(LLAMA_8B, "bf16", total_gib=23.5, devices=(GPU,)),
        pool("tokens"),
        (41456, 47520, 43744, 40944),
    ),
    Row(vllm(GEMMA3_27B, "bf16", pool_gib=11.11), pool("tokens"), (44643, 20800, 23472, 23472)),
    Row(
        vllm(LLAMA_8B, "bf16", **LONG),
        pool("lowest_gib"),
        (52.0862, 54.8162, 56.1705, 56.1705),
    ),
    Row(vllm(LLAMA_8B, "bf16", **TWO_JOINED), pool("tokens"), (175296, 187408, 178400, 172816)),
    Row(
        vllm(LLAMA_8B, "bf16", **TWO_JOINED),
        pool("lowest_gib"),
        (8.5894, 11.3194, 10.7690, 10.3440),
    ),
)
