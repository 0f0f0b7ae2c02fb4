"""What all replicas of a pool have in common: the same weights and cache, so the same answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deploys.plan.search import ladder, llamacpp_fit, llamacpp_question, vllm_fit, vllm_question
from deploys.plan.search.alternatives import Alternative, EngineName, computes_with_llamacpp
from deploys.plan.search.fit import Fit
from deploys.plan.search.gpus import GpuKind, UsableGpu, least_of
from deploys.plan.search.groups import joined_by_nvlink
from deploys.plan.search.stages import MOST_PCIE_GPUS, Stage
from deploys.settings.pool import Pool


@dataclass(frozen=True)
class Recipe:
    """One quantization with one type of cache on one engine."""

    engine: EngineName
    alternative: Alternative
    cache_type: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Stands for it: a catalogue's entry is large."""
        return self.engine, self.alternative.entry, self.cache_type


def recipes(
    engine: EngineName, words: Pool, named: Sequence[Alternative], kinds: Iterable[GpuKind]
) -> list[Recipe]:
    """The best quantization first, each with an f16 cache before a q8_0 one.

    FP8 and FP4 come first only where every GPU that may be used computes in them.
    """
    capabilities = [vllm_question.numbers(kind.compute_capability) for kind in kinds]
    least = min(capabilities, default=())
    served = [one for one in named if one.engine == engine]
    if engine == "vllm":
        served.sort(key=lambda one: ladder.safetensors_preference(one.model.quantization, least))
    return [Recipe(engine, one, cache) for one in served for cache in _cache_types(engine, words)]


def _cache_types(engine: EngineName, words: Pool) -> tuple[str, ...]:
    if words.kv_cache_type != "auto":
        return (words.kv_cache_type,)
    # A quantised cache needs flash attention in llama.cpp; in vLLM it is only taken when asked for.
    takes_it = computes_with_llamacpp(engine) and words.flash_attention
    return ("f16", "q8_0") if takes_it else ("f16",)


def fit_on(recipe: Recipe, words: Pool, group: Sequence[UsableGpu], stage: Stage) -> Fit:
    """The recipe on these GPUs, laid out as the stage says."""
    kinds = tuple(gpu.kind for gpu in group)
    if computes_with_llamacpp(recipe.engine):
        asked = llamacpp_question.Question(words, recipe.alternative, recipe.cache_type, kinds)
        return llamacpp_fit.fit(asked, stage.in_ram)
    question = vllm_question.Question(
        words, recipe.alternative, recipe.cache_type, least_of(kinds), len(kinds)
    )
    return vllm_fit.fit(question)


def may_join(recipe: Recipe, words: Pool, group: Sequence[UsableGpu]) -> bool:
    """Tensor parallelism stays within NVLink or a few PCIe GPUs; a pinned number is kept."""
    if computes_with_llamacpp(recipe.engine) or len(group) <= MOST_PCIE_GPUS:
        return True
    pinned = (words.gpus, words.tensor_parallel) != ("auto", "auto")
    return pinned or joined_by_nvlink(group)
