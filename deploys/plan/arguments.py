"""What an engine is started with, as far as the plan decides it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from deploys.settings.drafts import Drafts
from deploys.settings.localai import LocalAi
from deploys.settings.vllm import Vllm


@dataclass(frozen=True)
class LlamaCppArguments:
    """Every number llama-server would otherwise guess.

    `context_tokens` is the size of the whole KV cache: tokens per request times slots.
    """

    context_tokens: int
    slots: int
    threads: int
    batch_tokens: int
    micro_batch_tokens: int
    kv_cache_type: str
    flash_attention: bool
    gpu_layers: int
    """Counting the output first."""
    experts_on_cpu: int = 0
    """Layers, from the first, whose experts stay in RAM."""
    tensor_split: tuple[float, ...] = ()
    """Share of the layers on each of several GPUs, in the order of the replica's `gpus`."""
    unified: bool = False
    """All slots share one cache."""
    drafts: Drafts | None = None
    """What is guessed ahead from the prompt, and checked at once."""
    chat_template: str | None = None
    """One of the engine's own, by its name; the model's where none is said."""


@dataclass(frozen=True)
class LocalAiArguments(LlamaCppArguments):
    """The same numbers: LocalAI hands them to llama.cpp, its backend."""

    own: LocalAi = field(default_factory=LocalAi)
    """What the pool says in LocalAI's own terms."""


@dataclass(frozen=True)
class VllmArguments:
    """What `vllm serve` would otherwise derive from the GPU that it finds."""

    maximum_length_tokens: int
    sequences: int
    """Requests that run at once (max_num_seqs)."""
    batched_tokens: int
    tensor_parallel: int
    utilisation: float
    """Share of what CUDA sees (gpu_memory_utilization)."""
    kv_cache_bytes: int | None
    """Pins the pool of each GPU (kv_cache_memory_bytes), where processes share it."""
    kv_cache_type: str
    """vLLM's word for the cache's numbers: `float16`, `bfloat16`, `fp8`."""
    dtype: str
    """Of activations: `bfloat16`, or `half` on GPUs without it."""
    quantization: str
    """The weights' format, in the catalogue's word."""
    eager: bool = False
    """Without CUDA graphs."""
    prefix_caching: bool = True
    """Beginnings that prompts have in common are computed once."""
    own: Vllm = field(default_factory=Vllm)
    """What the pool says in vLLM's own terms."""
    adapter_rank: int = 0
    """The largest that its adapters may have; 0 without any."""
    layers: tuple[int, ...] = ()
    """Of each pipeline stage, where they are split over hosts."""
    threads: int = 1

    @property
    def slots(self) -> int:
        """Requests that run at once, in the pool's word."""
        return self.sequences


Arguments = LlamaCppArguments | VllmArguments


def argument_words(arguments: Arguments) -> dict[str, Any]:
    """All of them, in JSON's words."""
    words = asdict(arguments)
    if isinstance(arguments, LlamaCppArguments):
        drafts = words.pop("drafts")
        words |= {"drafts": drafts.model_dump(mode="json")} if drafts else {}
        if arguments.chat_template is None:
            del words["chat_template"]
    if isinstance(arguments, VllmArguments | LocalAiArguments):
        words["own"] = arguments.own.model_dump(mode="json")
    return words
