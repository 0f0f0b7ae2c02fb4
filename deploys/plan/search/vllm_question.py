"""What is asked of vLLM, and what else than memory can stand in its way."""

from dataclasses import dataclass

from deploys.catalogue.known_architectures import is_encoder
from deploys.plan.constraints import capability_constraint, parallel_constraint
from deploys.plan.memory.estimate import MIB, Pool
from deploys.plan.memory.pipeline import stage_layers
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.fit import ENCODERS_ARE_SILENT, cuts_texts
from deploys.plan.search.gpus import GpuKind
from deploys.settings.pool import Pool as Words

# Its own default: what remains is for the context of the process and for others
# (gpu_memory_utilization, vllm/config/cache.py of 0.33.0).
MOST_UTILISATION = 0.92
# docs.vllm.ai, installation on NVIDIA CUDA.
LEAST_CAPABILITY = "7.0"
# The pool's word for a cache -> vLLM's; None: as the activations.
CACHE_TYPES = {"f16": None, "q8_0": "fp8"}
FP8_CACHE_CAPABILITY = "8.9"


@dataclass(frozen=True)
class Question:
    """One pool on GPUs of one kind."""

    words: Words
    alternative: Alternative
    cache_type: str
    kind: GpuKind
    gpus: int

    @property
    def stages(self) -> int:
        """Of the pipeline, one a host."""
        return self.words.hosts_per_replica if self.words.split_over_hosts == "layers" else 1

    @property
    def tensor_parallel(self) -> int:
        """GPUs that share each layer."""
        return self.gpus * self.words.hosts_per_replica // self.stages

    @property
    def layers(self) -> tuple[int, ...]:
        """Of each stage."""
        shape = self.alternative.model.architecture
        return stage_layers(shape.layers if shape else 0, self.stages)

    @property
    def capability(self) -> tuple[int, ...]:
        """To be compared with others."""
        return numbers(self.kind.compute_capability)


def numbers(capability: str) -> tuple[int, ...]:
    """`8.9` as (8, 9); empty where it is not known."""
    return tuple(int(part) for part in capability.split(".") if part)


def constraint_of(question: Question) -> str | None:
    """Why vLLM would not start, in words."""
    return _of_the_words(question.words) or _of_the_model(question) or _of_the_gpu(question)


def least_batch(words: Words) -> int:
    """Tokens: one for each request (SchedulerConfig of vllm/config/scheduler.py refuses less at
    start), and a whole text where vectors or ranks are made of it: chunked prefill is off for them.
    """
    return max(words.slots, 0 if words.kind == "generation" else words.context_tokens)


def _of_the_words(words: Words) -> str | None:
    batch = words.batch_tokens
    if "batch_tokens" not in words.model_fields_set or batch >= least_batch(words):
        return None
    if batch < words.slots:
        return f"a batch of {batch} tokens has none for each of {words.slots} requests"
    return cuts_texts(batch, words.context_tokens)


def _of_the_model(question: Question) -> str | None:
    model = question.alternative.model
    shape = model.architecture
    if shape is None:
        return f"unknown architecture {model.architecture_name}: weights known, cache unknown"
    if is_encoder(shape) and question.words.kind == "generation":
        return ENCODERS_ARE_SILENT
    if is_encoder(shape) and question.gpus > 1:
        return "an encoder on one GPU: how it is spread over several is not known"
    if is_encoder(shape) and _lacks_its_share(question):
        return f"gpu_memory_utilization: others hold {question.kind.used_mib:,} MiB of that share"
    if question.words.context_tokens > shape.context_tokens:
        return f"context: the model was trained for {shape.context_tokens:,} tokens"
    return _of_the_pipeline(question) or parallel_constraint(
        shape, question.tensor_parallel, model.quantization
    )


def _of_the_pipeline(question: Question) -> str | None:
    shape, hosts = question.alternative.model.architecture, question.stages
    if hosts == 1 or shape is None:
        return None
    if not all(question.layers):
        return f"{shape.layers} layers are too few for {hosts} hosts"
    if shape.recurrent is not None:
        return "a model that keeps states on one host: how vllm divides them is not known"
    return None


def _lacks_its_share(question: Question) -> bool:
    """Whether a pinned share is not free at the start (vLLM then refuses to, request_memory of
    vllm/v1/worker/utils.py); of other models the cache is in the sum, and fills the share.
    """
    kind = question.kind
    share_mib = (question.words.gpu_memory_utilization or 0) * kind.visible_mib
    return share_mib > kind.visible_mib - kind.used_mib


def _of_the_gpu(question: Question) -> str | None:
    capability, needs = question.kind.compute_capability, question.alternative.model.quantization
    if not capability:
        return f"the compute capability of {question.kind.name} is not known"
    if question.cache_type not in CACHE_TYPES:
        return f"vllm has no {question.cache_type} cache"
    if CACHE_TYPES[question.cache_type] and question.capability < numbers(FP8_CACHE_CAPABILITY):
        least = f"compute capability {FP8_CACHE_CAPABILITY}"
        return f"an fp8 cache needs {least}, the GPU has {capability}"
    if question.capability < numbers(LEAST_CAPABILITY):
        return f"vllm needs compute capability {LEAST_CAPABILITY}, the GPU has {capability}"
    # bf16 weights are computed as f16 where the GPU has no bf16.
    return None if needs.lower() == "bf16" else capability_constraint(needs, capability)


def request_mib(pool: Pool) -> float:
    """KV cache of one request of the greatest length, on each GPU."""
    return (pool.bytes_per_block or 0) * (pool.blocks_per_request or 0) / MIB
