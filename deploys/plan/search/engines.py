"""The second step: which engine, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploys.plan.search.alternatives import Alternative, EngineName
from deploys.settings.pool import Pool

# From so many requests at once vLLM's batching over a shared cache is worth its conditions: all of
# the model on GPUs, and a format that they compute (Homeport's field study of November 2026).
MANY_REQUESTS = 4


@dataclass(frozen=True)
class EngineChoice:
    """One engine to try."""

    engine: EngineName
    reason: str


def engine_choices(
    words: Pool, named: Sequence[Alternative], on_gpus: bool
) -> tuple[EngineChoice, ...]:
    """What to try, the first that fits being taken."""
    if words.engine != "auto":
        return (EngineChoice(words.engine, "as set"),)
    formats = {one.engine for one in named}
    if not on_gpus:
        return (EngineChoice("llamacpp", "it runs without a GPU"),)
    if formats == {"llamacpp"}:
        return (EngineChoice("llamacpp", "the catalogue has the model as GGUF only"),)
    if formats == {"vllm"}:
        return (EngineChoice("vllm", "the catalogue has the model as safetensors only"),)
    pinned = _by_pinned_words(words)
    return (pinned,) if pinned else _by_requests(words)


def _by_pinned_words(words: Pool) -> EngineChoice | None:
    if words.gpu_layers != "auto" or words.experts_on_cpu != "auto":
        return EngineChoice("llamacpp", "it alone keeps layers or experts in RAM, as set")
    if words.hosts_per_replica > 1:
        return EngineChoice("vllm", "it alone has replicas on several hosts, as set")
    if words.vllm is not None:
        return EngineChoice("vllm", "the pool has words of its own for it")
    if words.tensor_parallel != "auto" or words.gpu_memory_utilization is not None:
        return EngineChoice("vllm", "tensor_parallel and gpu_memory_utilization are its words")
    return None


def _by_requests(words: Pool) -> tuple[EngineChoice, ...]:
    slots = words.slots
    asked = f"{slots} request{'s' * (slots > 1)} at once"
    room = f"has no room for {slots} of {words.context_tokens:,} tokens"
    if slots >= MANY_REQUESTS:
        return (
            EngineChoice("vllm", f"{asked}, on GPUs that hold everything"),
            EngineChoice("llamacpp", f"vllm {room} on these GPUs"),
        )
    return (
        EngineChoice("llamacpp", f"{asked}; vllm's batching pays from {MANY_REQUESTS} on"),
        EngineChoice("vllm", f"llamacpp {room} on these GPUs"),
    )
