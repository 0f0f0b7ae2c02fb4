"""What is asked of llama.cpp, LocalAI's backend too: arguments, and the case to be judged."""

from dataclasses import dataclass

from deploys.plan.arguments import LlamaCppArguments, LocalAiArguments
from deploys.plan.calibration import HostMeasurements, Start, corrections_for
from deploys.plan.memory.configuration import Case, LlamaCppConfiguration
from deploys.plan.memory.corrections import Corrections
from deploys.plan.memory.estimate import MIB
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.gpus import GpuKind, name_of
from deploys.settings.localai import LocalAi
from deploys.settings.pool import Pool


@dataclass(frozen=True)
class Question:
    """One pool on GPUs of some kinds, in one quantization and cache type."""

    words: Pool
    alternative: Alternative
    cache_type: str
    kinds: tuple[GpuKind, ...]
    """Empty: in RAM alone."""
    in_ram_of: HostMeasurements | None = None
    """What was measured on its host, where there are no GPUs."""

    @property
    def layers(self) -> int:
        """Without the output; 0 where the architecture is unknown."""
        shape = self.alternative.model.architecture
        return shape.layers if shape else 0


def case_of(question: Question, arguments: LlamaCppArguments) -> Case:
    """What the estimator is asked about a replica with these arguments."""
    model = question.alternative.model
    configuration = LlamaCppConfiguration(
        context_tokens=arguments.context_tokens,
        key_type=arguments.kv_cache_type,
        value_type=arguments.kv_cache_type,
        flash_attention=arguments.flash_attention,
        micro_batch_tokens=arguments.micro_batch_tokens,
        sequences=arguments.slots,
        draft_tokens=arguments.drafts.tokens if arguments.drafts else 0,
        unified=arguments.unified,
        gpu_layers=arguments.gpu_layers,
        experts_on_cpu=arguments.experts_on_cpu,
        projector_mib=model.projector.size_bytes / MIB if model.projector else 0,
        devices=tuple(kind.device for kind in question.kinds),
        shares=arguments.tensor_split,
    )
    name, shape = question.alternative.entry, model.architecture
    weights = question.alternative.gguf_weights
    version, corrections = question.alternative.version, _corrections(question)
    return Case(
        name,
        question.alternative.engine,
        version,
        model.quantization,
        shape,
        configuration,
        weights,
        corrections=corrections,
    )


def _corrections(question: Question) -> Corrections:
    kinds, alternative = question.kinds, question.alternative
    measured = kinds[0].measured if kinds else question.in_ram_of
    start = Start(
        alternative.engine, alternative.version, name_of(kinds), len(kinds), alternative.entry
    )
    return corrections_for(measured, start)


def arguments_of(
    question: Question, micro_batch: int, on_gpus: int, experts: int
) -> LlamaCppArguments:
    """Every number written out, but threads, which are shared out once all is placed."""
    words, kinds = question.words, question.kinds
    budgets = [kind.budget_mib for kind in kinds]
    # llama.cpp gives each GPU its share of the layers: by what it has room for.
    shares = tuple(round(budget / max(budgets), 2) for budget in budgets) if len(kinds) > 1 else ()
    numbers = LlamaCppArguments(
        # The cache is shared out evenly: a request must fit into its slot's part.
        context_tokens=words.context_tokens * words.slots,
        slots=words.slots,
        threads=words.threads or 1,
        batch_tokens=words.batch_tokens if words.kind == "generation" else micro_batch,
        micro_batch_tokens=micro_batch,
        kv_cache_type=question.cache_type,
        flash_attention=words.flash_attention,
        gpu_layers=on_gpus,
        experts_on_cpu=experts,
        tensor_split=shares,
        drafts=words.drafts,
        chat_template=words.chat_template,
    )
    if question.alternative.engine != "localai":
        return numbers
    return LocalAiArguments(**vars(numbers), own=words.localai or LocalAi())
