"""vLLM's arguments, from what was found to fit, and why they are so."""

from math import ceil

from deploys.catalogue.known_architectures import is_encoder
from deploys.plan.arguments import VllmArguments
from deploys.plan.memory.configuration import VllmConfiguration
from deploys.plan.memory.estimate import GIB, DeviceEstimate, Pool, total
from deploys.plan.search.vllm_adapters import adapter_rank
from deploys.plan.search.vllm_question import CACHE_TYPES, MOST_UTILISATION, Question, request_mib
from deploys.plan.search.vllm_settings import why_no_prefixes
from deploys.settings.vllm import Vllm

# Ampere and later compute in bf16; below it activations are f16 (vllm/platforms/cuda.py).
BF16_CAPABILITY = (8, 0)


def vllm_arguments(
    question: Question, asked: VllmConfiguration, device: DeviceEstimate
) -> VllmArguments:
    """Everything written out; `device` is one GPU's estimate."""
    kind, pinned = question.kind, asked.pool_gib
    dtype = "bfloat16" if question.capability >= BF16_CAPABILITY else "half"
    utilisation = asked.utilisation
    # An encoder takes no more than it needs, and vLLM wants its share to be free at its start.
    of_choice = question.words.gpu_memory_utilization is None
    if pinned is not None or (of_choice and is_encoder(question.alternative.model.architecture)):
        needed = total(part for name, part in device.parts.items() if name != "margin").upper
        utilisation = min(1.0, ceil(needed / kind.visible_mib * 100) / 100)
    return VllmArguments(
        maximum_length_tokens=asked.maximum_length_tokens,
        sequences=question.words.slots,
        batched_tokens=asked.batched_tokens or 0,
        tensor_parallel=question.tensor_parallel,
        utilisation=utilisation,
        kv_cache_bytes=None if pinned is None else round(pinned * GIB),
        kv_cache_type=CACHE_TYPES[question.cache_type] or dtype.replace("half", "float16"),
        dtype=dtype,
        quantization=question.alternative.model.quantization,
        eager=asked.eager,
        prefix_caching=caches_prefixes(question),
        layers=question.layers if question.stages > 1 else (),
        own=question.words.vllm or Vllm(),
        adapter_rank=adapter_rank(question),
        threads=question.words.threads or 1,
    )


def caches_prefixes(question: Question) -> bool:
    """As set, or wherever it can be."""
    own = question.words.vllm
    if own is not None and own.prefix_caching is not None:
        return own.prefix_caching
    return not why_no_prefixes(question)


def encoder_reasons(question: Question, asked: VllmConfiguration) -> tuple[str, ...]:
    """Why these numbers, where nothing is kept."""
    pinned = question.words.gpu_memory_utilization
    return (
        *([f"utilisation {pinned}: as set"] if pinned else []),
        "no KV cache: every token sees the whole text at once, and nothing of it is kept",
        "activations by the rules for text: not measured for encoders",
        f"batch of {asked.batched_tokens:,} tokens: no text is longer",
    )


def vllm_reasons(question: Question, asked: VllmConfiguration, pool: Pool) -> tuple[str, ...]:
    """Why these numbers."""
    kind, words = question.kind, question.words
    kept = f"{kind.visible_mib:,} MiB less margin, context"
    kept += " and what others use" if kind.used_mib else ""
    share = f"utilisation {asked.utilisation}: "
    share += "as set" if words.gpu_memory_utilization else f"{kept}, at most {MOST_UTILISATION}"
    if asked.pool_gib is not None:
        share = f"KV cache of {asked.pool_gib * 1024:,.0f} MiB pinned: the GPU is shared"
    batch = "as set" if "batch_tokens" in words.model_fields_set else "vllm's for such a GPU"
    held = (pool.lowest_gib or 0) * 1024 / request_mib(pool)
    pooling = "activations by the rules for text: not measured for vectors and ranks"
    return (
        share,
        *([pooling] if words.kind != "generation" else []),
        f"KV cache holds {held:.1f} requests of {words.context_tokens:,} tokens, and more shorter",
        f"batch of {asked.batched_tokens:,} tokens: {batch}",
    )
