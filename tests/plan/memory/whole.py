"""Whole estimates and the numbers they must give: from the engine's reserve, from logs, by hand."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from deploys.catalogue.architecture import Architecture, VisionTower
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, Device, LlamaCppConfiguration, VllmConfiguration
from deploys.plan.memory.estimate import Estimate
from tests.plan.memory.shapes import DEEPSEEK_V3, GEMMA3_27B, LLAMA_8B, QWEN3_30B_A3B, QWEN35_4B

GPU = Device("RTX 3090", sm_count=82, visible_mib=24124)


def llamacpp(
    shape: Architecture, quantization: str, version: str = "pinned", **asked: object
) -> Case:
    plain = LlamaCppConfiguration(context_tokens=8192, devices=(GPU,))
    configuration = replace(plain, **asked)  # type: ignore[arg-type]  # by name
    return Case("x", "llama.cpp", version, quantization, shape, configuration)


def vllm(shape: Architecture, quantization: str, **asked: object) -> Case:
    configuration = replace(VllmConfiguration(8192), **asked)  # type: ignore[arg-type]  # by name
    return Case("x", "vLLM", "pinned", quantization, shape, configuration)


def part(name: str, device: int = 0) -> Callable[[Estimate], float]:
    return lambda answer: answer.devices[device].parts[name].expected


def upper(name: str, device: int = 0) -> Callable[[Estimate], float]:
    return lambda answer: answer.devices[device].parts[name].upper


def pool(name: str) -> Callable[[Estimate], float]:
    return lambda answer: float(getattr(answer.pool, name))


TWO = (GPU, GPU)
Q8 = {"key_type": "q8_0", "value_type": "q8_0"}
FEW_WORDS = QWEN3_30B_A3B.model_copy(update={"vocabulary_size": 1000})
COMMAND_R = LLAMA_8B.model_copy(update={"name": "command-r", "rope_factors": False})
STARCODER = LLAMA_8B.model_copy(update={"name": "starcoder2", "rope_factors": False})
TOWER = QWEN35_4B.model_copy(
    update={
        "vision": VisionTower(
            weights_bytes=2**29, embedding_length=1152, feed_forward_length=4304, patches=8464
        )
    }
)
NARROW = QWEN35_4B.model_copy(update={"embedding_length": 2048, "feed_forward_length": 256})
GATED = NARROW.model_copy(update={"heads": 64})
DRAFTING = QWEN35_4B.model_copy(update={"draft_layers": 1})
# (case, what is read, MiB or GiB). The first numbers are what b11669 reserves, cut off to MiB.
WHOLE: tuple[tuple[Case, Callable[[Estimate], float], float], ...] = (
    (llamacpp(LLAMA_8B, "Q4_K_M"), part("weights"), 4403.4924),
    (llamacpp(LLAMA_8B, "Q4_K_M"), part("kv_cache"), 1024),
    (llamacpp(LLAMA_8B, "Q4_K_M"), part("compute_buffer"), 124),
    (llamacpp(LLAMA_8B, "Q4_K_M"), part("process"), 479.2),
    (llamacpp(LLAMA_8B, "Q4_K_M"), upper("process"), 735.2),
    (llamacpp(LLAMA_8B, "Q4_K_M"), part("margin"), 723.72),
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO), part("compute_buffer"), 244),
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO), part("weights"), 2113.2812),
    (llamacpp(LLAMA_8B, "Q4_K_M", gpu_layers=3), part("kv_cache"), 64),
    (llamacpp(LLAMA_8B, "Q4_K_M", flash_attention=False), part("compute_buffer"), 576),
    (llamacpp(LLAMA_8B, "Q4_K_M", key_type="q8_0", value_type="q8_0"), part("kv_cache"), 544),
    (
        llamacpp(LLAMA_8B, "Q4_K_M", key_type="q8_0", context_tokens=131072),
        part("compute_buffer"),
        # 128 of mask, 256 of the keys' copy, and 48 of queries and rows.
        432,
    ),
    (llamacpp(QWEN3_30B_A3B, "Q4_K_M"), part("compute_buffer"), 92),
    (llamacpp(QWEN3_30B_A3B, "Q4_K_M", experts_on_cpu=48), part("weights"), 784.4199),
    (llamacpp(GEMMA3_27B, "Q4_K_M"), part("kv_cache"), 1264),
    (llamacpp(GEMMA3_27B, "Q4_K_M"), part("weights"), 15773.8932),
    (llamacpp(DEEPSEEK_V3, "Q8_0"), part("kv_cache"), 549),
    (llamacpp(DEEPSEEK_V3, "Q8_0"), part("compute_buffer"), 400),
    (llamacpp(QWEN35_4B, "Q4_K_M"), part("recurrent_state"), 50.25),
    (llamacpp(QWEN35_4B, "Q4_K_M", micro_batch_tokens=128), part("compute_buffer"), 20.5),
    (llamacpp(QWEN35_4B, "IQ3_XXS"), part("weights", 1), 416.7969),
    (vllm(LLAMA_8B, "bf16", total_gib=79.22), pool("expected_gib"), 54.48858),
    (vllm(LLAMA_8B, "bf16", total_gib=79.22, tensor_parallel=4), part("weights"), 3829.5079),
    # 16384 tokens of 3 x (14336 + 4096) bf16 numbers.
    (vllm(LLAMA_8B, "bf16", batched_tokens=16384, sequences=1), part("compute_buffer"), 1728),
    (vllm(QWEN3_30B_A3B, "FP8", total_gib=79.22), part("compute_buffer"), 2967.5),
    (vllm(QWEN3_30B_A3B, "FP8", batched_tokens=16384, sequences=1), part("compute_buffer"), 896),
    (vllm(QWEN35_4B, "bf16", pool_gib=11.11), pool("concurrency"), 36.2632),
    # 512 blocks of the full layers' group and 193 of each of six groups with windows.
    (vllm(GEMMA3_27B, "bf16", pool_gib=11.11), pool("concurrency"), 9101 / (512 + 6 * 193)),
    (vllm(DEEPSEEK_V3, "bf16", pool_gib=10.0), pool("concurrency"), 9549 / 512),
    # 50 of channels, rows and state, and 8 of mask.
    (llamacpp(NARROW, "Q4_K_M"), part("compute_buffer"), 58),
    (llamacpp(TOWER, "Q4_K_M"), part("projector"), 512 + 250.5518),
    (llamacpp(DRAFTING, "Q4_K_M", draft_context=True, draft_tokens=1), part("draft"), 32 + 82),
    # 8 of mask, 84 of feed-forward rows, 15.9 of a matrix in RAM and 8 of a layer's keys beside.
    (llamacpp(LLAMA_8B, "Q4_K_M", gpu_layers=17), part("compute_buffer"), 231.875),
    # On the second GPU one row less is kept, and with pipelining four copies of two rows.
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO, gpu_layers=20), part("compute_buffer", 1), 116),
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO), part("compute_buffer", 1), 204),
    # A GPU with the output alone: one row of logits and four of the embedding.
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO, gpu_layers=2), part("compute_buffer", 1), 0.5518),
    (llamacpp(LLAMA_8B, "Q4_K_M", devices=TWO, gpu_layers=2), upper("compute_buffer", 1), 0.6128),
    (llamacpp(LLAMA_8B, "Q4_K_M", context_tokens=3075, sequences=4), part("kv_cache"), 512),
    (llamacpp(LLAMA_8B, "Q4_K_M", **Q8), upper("compute_buffer"), 156 * 1.08),
    (llamacpp(COMMAND_R, "Q4_K_M", **Q8), part("compute_buffer"), 124 + 32),
    (llamacpp(STARCODER, "Q4_K_M"), part("compute_buffer"), 8 + 28 + 32),
    (llamacpp(STARCODER, "Q4_K_M"), part("weights"), 3515.5078),
    (llamacpp(DEEPSEEK_V3, "Q8_0", **Q8), part("compute_buffer"), 537),
    (llamacpp(DEEPSEEK_V3, "Q8_0", flash_attention=False), part("compute_buffer"), 2464),
    (llamacpp(DEEPSEEK_V3, "Q8_0", gpu_layers=20, **Q8), part("compute_buffer"), 4386.125),
    (llamacpp(QWEN3_30B_A3B, "Q4_K_M"), upper("compute_buffer"), 124 * 1.08),
    (llamacpp(FEW_WORDS, "Q4_K_M", version="b9500"), part("compute_buffer"), 56),
    (
        llamacpp(QWEN3_30B_A3B, "Q4_K_M", experts_on_cpu=48, devices=TWO),
        part("compute_buffer", 1),
        40,
    ),
    (llamacpp(QWEN35_4B, "Q4_K_M", sequences=8), part("compute_buffer"), 93.75),
    # In RAM: 8 of mask, 36 of experts, 32 of their answers, 16 of rows, 4 of embeddings, 16 KiB.
    (llamacpp(QWEN3_30B_A3B, "Q4_K_M", devices=()), part("compute_buffer"), 96.0156),
    (llamacpp(QWEN35_4B, "Q4_K_M"), upper("compute_buffer"), 121.0613),
    (llamacpp(QWEN35_4B, "Q4_K_M", gpu_layers=9), part("compute_buffer"), 142.9141),
    # 8 of mask, 128 of queries, gates and results, and 16 of rows.
    (llamacpp(GATED, "Q4_K_M"), part("compute_buffer"), 152),
)


def answers() -> Iterator[float]:
    """What the estimator says of each, one after the other."""
    return (read(estimate(case)) for case, read, _ in WHOLE)
