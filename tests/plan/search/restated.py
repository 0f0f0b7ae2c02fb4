"""A planned replica, estimated anew from the arguments that its engine is started with."""

from collections.abc import Mapping
from dataclasses import replace

from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights, VllmConfiguration
from deploys.plan.memory.estimate import GIB, DeviceEstimate, Estimate, Range
from deploys.plan.plan import Replica
from deploys.plan.search import llamacpp_question
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.gpus import GpuKind, usable_gpus
from deploys.plan.search.model_weights import safetensors_gpu_mib
from deploys.settings.environment import Environment

Kinds = Mapping[str, GpuKind]


def gpu_kinds(asked: Environment) -> Kinds:
    """By UUID."""
    return {gpu.uuid: gpu.kind for one in asked.hosts for gpu in usable_gpus(one.hardware)}


def memory_again(asked: Environment, replica: Replica) -> tuple[DeviceEstimate, ...]:
    """What the plan keeps as the replica's memory."""
    kinds = tuple(gpu_kinds(asked)[gpu] for gpu in replica.gpus)
    if isinstance(replica.arguments, LlamaCppArguments):
        words = asked.pools[replica.pool]
        alternative = Alternative("", replica.model, replica.version)
        cache = replica.arguments.kv_cache_type
        question = llamacpp_question.Question(words, alternative, cache, kinds)
        return estimate(llamacpp_question.case_of(question, replica.arguments)).devices
    again = _vllm(replica, kinds)
    assert again.pool is not None
    expected, lowest = again.pool.expected_gib or 0, again.pool.lowest_gib or 0
    # Of vLLM's cache the plan keeps the least as the bound.
    pool = {"kv_cache": Range(expected * 1024, lowest * 1024)}
    return tuple(replace(one, parts={**one.parts, **pool}) for one in again.gpus)


def _vllm(replica: Replica, kinds: tuple[GpuKind, ...]) -> Estimate:
    arguments, model = replica.arguments, replica.model
    assert isinstance(arguments, VllmArguments)
    pinned = arguments.kv_cache_bytes
    configuration = VllmConfiguration(
        maximum_length_tokens=arguments.maximum_length_tokens,
        utilisation=arguments.utilisation,
        tensor_parallel=arguments.tensor_parallel,
        kv_bytes=1 if arguments.kv_cache_type == "fp8" else 2,
        batched_tokens=arguments.batched_tokens,
        sequences=arguments.sequences,
        total_gib=kinds[0].visible_mib / 1024,
        pool_gib=None if pinned is None else pinned / GIB,
        eager=arguments.eager,
        devices=tuple(kind.device for kind in kinds),
    )
    weights = KnownWeights(gpu_mib=safetensors_gpu_mib(model, len(kinds)))
    case = Case(
        "", "vllm", replica.version, model.quantization, model.shape, configuration, weights
    )
    return estimate(case)
