"""Whether vLLM fits on GPUs of one kind, and which share of them it takes."""

from dataclasses import replace
from math import floor

from deploys.plan.calibration import Start, corrections_for
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights, VllmConfiguration
from deploys.plan.memory.corrections import NO_CORRECTIONS, Corrections
from deploys.plan.memory.estimate import DeviceEstimate, Estimate, Pool, Range
from deploys.plan.memory.profiles.vllm_choice import vllm_profile
from deploys.plan.memory.vllm_layout import batch_limits
from deploys.plan.search.fit import Fit, refused
from deploys.plan.search.gpus import GpuKind
from deploys.plan.search.stage_weights import stage_gpu_mib
from deploys.plan.search.vllm_adapters import adapter_bytes
from deploys.plan.search.vllm_question import (
    CACHE_TYPES,
    MOST_UTILISATION,
    Question,
    constraint_of,
    least_batch,
    request_mib,
)
from deploys.plan.search.vllm_settings import settings_constraint
from deploys.plan.search.vllm_words import encoder_reasons, vllm_arguments, vllm_reasons
from deploys.plan.verdict import Outcome, Verdict, judge

# Interpreter, torch and CUDA's libraries of the server, and of each GPU's worker: not measured
# here, so taken amply; the first start on a host tells.
SERVER_MIB = 4096
WORKER_MIB = 3072
# Of GPUs below 70 GiB, and of A100s though they are larger (vllm/engine/arg_utils.py,
# get_batch_defaults).
LEAST_BATCH = 2048


def fit(question: Question) -> Fit:
    """Judged by memory, and by what else vLLM asks of a GPU."""
    constraint = constraint_of(question) or settings_constraint(question)
    if constraint:
        return refused(constraint)
    utilisation = question.words.gpu_memory_utilization or utilisation_of(question.kind)
    if utilisation <= 0:
        return refused(f"the context of a process does not fit on {question.kind.name}")
    found = None
    for tokens in _batches(question):
        asked = replace(_configuration(question, utilisation), batched_tokens=tokens)
        stages = [_asked(question, replace(asked, stage=n)) for n in range(asked.stages)]
        found = _of_all(stages, question.words.hosts_per_replica)
        if found.outcome is Outcome.FITS:
            break
    return found or refused("")


def _of_all(stages: list[Fit], hosts: int) -> Fit:
    """The first host's, judged by the one that is worst off."""
    if hosts == 1:
        return stages[0]
    first, *behind = stages if len(stages) == hosts else stages * hosts
    decisive = max(stages, key=_badness)
    return replace(
        first,
        outcome=decisive.outcome,
        binding=decisive.binding,
        explanation=decisive.explanation,
        reasons=decisive.reasons,
        behind=tuple(behind),
    )


def _badness(fit: Fit) -> tuple[int, float]:
    held = fit.pool.lowest_gib if fit.pool and fit.pool.lowest_gib is not None else 0.0
    one = request_mib(fit.pool) if fit.pool else 0.0
    return list(Outcome).index(fit.outcome), -held / one if one else 0.0


def _asked(question: Question, asked: VllmConfiguration) -> Fit:
    answer = estimate(_case(question, asked))
    if answer.unknown:
        return refused("not known: " + "; ".join(answer.unknown))
    if answer.pool is None:
        return _judged(question, asked, answer)
    if question.words.share_gpus:
        asked = replace(asked, pool_gib=_pinned_gib(question, answer.pool))
        answer = estimate(_case(question, asked))
    return _judged(question, asked, answer)


def utilisation_of(kind: GpuKind) -> float:
    """All of the GPU but the margin, others and its own context, which is not counted in it."""
    room = kind.budget_mib / kind.visible_mib
    return min(MOST_UTILISATION, floor(room * 100) / 100)


def _configuration(question: Question, utilisation: float) -> VllmConfiguration:
    words, kind = question.words, question.kind
    return VllmConfiguration(
        maximum_length_tokens=words.context_tokens,
        utilisation=utilisation,
        tensor_parallel=question.tensor_parallel,
        stages=question.stages,
        kv_bytes=1 if CACHE_TYPES[question.cache_type] else 2,
        sequences=words.slots,
        total_gib=kind.visible_mib / 1024,
        eager=words.vllm is not None and words.vllm.eager,
        adapter_bytes=adapter_bytes(question),
        devices=(kind.device,) * question.gpus,
    )


def _batches(question: Question) -> list[int]:
    """Tokens computed at once: by the class of GPU, and the smallest class's where that does not
    fit, unless set; what is chosen is never fewer than vLLM asks for.
    """
    words = question.words
    if "batch_tokens" in words.model_fields_set:
        return [words.batch_tokens]
    least = least_batch(words)
    asked = _configuration(question, MOST_UTILISATION)
    shape = question.alternative.model.shape
    by_class = batch_limits(asked, shape, vllm_profile(question.alternative.version, {}))[0]
    if "A100" in question.kind.name:
        by_class = LEAST_BATCH
    return sorted({max(size, least) for size in (by_class, LEAST_BATCH)}, reverse=True)


def _case(question: Question, asked: VllmConfiguration) -> Case:
    model = question.alternative.model
    held = stage_gpu_mib(model, asked.tensor_parallel, asked.stage, asked.stages)
    weights = KnownWeights(gpu_mib=held)
    name, shape = question.alternative.entry, model.architecture
    version, corrections = question.alternative.version, _corrections(question)
    return Case(
        name,
        "vllm",
        version,
        model.quantization,
        shape,
        asked,
        weights,
        corrections=corrections,
    )


def _corrections(question: Question) -> Corrections:
    kind, alternative = question.kind, question.alternative
    if question.words.hosts_per_replica > 1:
        # What was measured is of all layers.
        return NO_CORRECTIONS
    start = Start("vllm", alternative.version, kind.name, question.gpus, alternative.entry)
    return corrections_for(kind.measured, start)


def _pinned_gib(question: Question, pool: Pool) -> float:
    """What all slots need and no more, where another process shares the GPU."""
    return request_mib(pool) * question.words.slots / 1024


def _judged(question: Question, asked: VllmConfiguration, answer: Estimate) -> Fit:
    pool, kind = answer.pool, question.kind
    devices = tuple(_with_its_pool(device, pool) for device in answer.gpus)
    verdict = judge(replace(devices[0], device=kind.name), kind.visible_mib, kind.used_mib)
    if pool is not None:
        verdict = _by_requests(question, pool, verdict)
    return Fit(
        outcome=verdict.outcome,
        binding=verdict.binding,
        explanation=verdict.explanation,
        arguments=vllm_arguments(question, asked, devices[0]),
        devices=devices,
        verdicts=(verdict,) * question.gpus,
        ram_mib={"process": SERVER_MIB + WORKER_MIB * question.gpus},
        reasons=vllm_reasons(question, asked, pool) if pool else encoder_reasons(question, asked),
        corrections=_corrections(question),
        pool=pool,
    )


def _with_its_pool(device: DeviceEstimate, pool: Pool | None) -> DeviceEstimate:
    """The pool takes what the other parts leave: the more they need, the smaller it is."""
    parts = dict(device.parts)
    expected, lowest = (pool.expected_gib or 0, pool.lowest_gib or 0) if pool else (0.0, 0.0)
    parts["kv_cache"] = Range(max(0.0, expected) * 1024, max(0.0, lowest) * 1024)
    return replace(device, parts=parts)


def _by_requests(question: Question, pool: Pool, verdict: Verdict) -> Verdict:
    """The pool must hold one longest request; holding less than one for each slot is tight."""
    one, slots = request_mib(pool), question.words.slots
    lowest = (pool.lowest_gib or 0) * 1024
    if verdict.outcome is Outcome.REFUSED or lowest >= one * slots * (1 - 1e-9):
        return verdict
    length = question.words.context_tokens
    if lowest >= one:
        held = f"KV cache: it holds {lowest / one:.1f} of {slots} requests of {length:,} tokens"
        outcome = Outcome.TIGHT
    elif lowest <= 0:
        held, outcome = "weights", Outcome.REFUSED
    else:
        # vLLM's own words, which it would say at start.
        held = f"KV cache: one request needs {one / 1024:.2f} GiB, {lowest / 1024:.2f} available"
        outcome = Outcome.REFUSED
    missing = one * (slots if outcome is Outcome.TIGHT else 1) - lowest
    words = f"{verdict.explanation}; the KV cache is {missing:,.0f} MiB short"
    needed = verdict.needed_mib + (missing if outcome is Outcome.REFUSED else 0)
    return replace(verdict, outcome=outcome, binding=held, explanation=words, needed_mib=needed)
