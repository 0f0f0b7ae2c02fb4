"""Whether llama.cpp fits on GPUs of some kinds, and with how much of the model in RAM."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from deploys.catalogue.known_architectures import is_encoder, is_known
from deploys.plan.images import decoded_mib, limits_of
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.estimate import MIB, NOTHING, DeviceEstimate
from deploys.plan.search.fit import ENCODERS_ARE_SILENT, Fit, cuts_texts, refused, worst
from deploys.plan.search.gpus import GpuKind
from deploys.plan.search.llamacpp_question import Question, arguments_of, case_of
from deploys.plan.search.model_weights import files_bytes
from deploys.plan.search.stages import InRam
from deploys.plan.verdict import Outcome, judge
from deploys.settings.pool import Pool

# Code, libraries and heap of an idle server: 31 to 45 MiB resident in Debian's build 11669 with a
# model of under 1 MiB, measured on 2 cores; doubled for the HTTP threads under load.
PROCESS_MIB = 90
# The same with CUDA's libraries and pinned buffers: not measured here, so taken amply; a container
# that is killed for 300 MiB too few costs more than they do.
GPU_PROCESS_MIB = 1024
# LocalAI's own server beside its backend, whose log and state lie in memory (TMP_MIB of
# deploys/render/engines/localai.py): not measured here, so taken amply.
LOCALAI_PROCESS_MIB = 512
# The compute buffer shrinks with the micro-batch; below 128 tokens prompts are read too slowly.
LEAST_MICRO_BATCH = 128


def fit(question: Question, in_ram: InRam) -> Fit:
    """The best that this stage allows, a smaller micro-batch where its buffer stands in the way."""
    least_process = min((kind.budget_mib for kind in question.kinds), default=0)
    if least_process < 0 and question.kinds:
        return refused(_no_room(question.kinds))
    words, shape = question.words, question.alternative.model.architecture
    if is_encoder(shape) and words.kind == "generation":
        return refused(ENCODERS_ARE_SILENT)
    if shape and is_encoder(shape) and words.context_tokens > shape.context_tokens:
        # Their places are learned, one by one: there is none behind the last.
        return refused(f"context: the model was trained for {shape.context_tokens:,} tokens")
    if words.kind != "generation" and 0 < _as_set(words) < words.context_tokens:
        return refused(cuts_texts(_as_set(words), words.context_tokens))
    if words.kind != "generation" and _as_set(words) % words.slots:
        return refused(f"a batch of {_as_set(words)} tokens is no multiple of {words.slots} slots")
    first = found = None
    for micro_batch in _micro_batches(question.words):
        found = _searched(question, in_ram, micro_batch)
        first = first or found
        if not _is_in_the_way(found):
            break
    # Prompts are read more slowly with a smaller one: only where that is what it takes.
    return found if found and found.outcome is Outcome.FITS else first or refused("")


def _is_in_the_way(fit: Fit) -> bool:
    """Whether a GPU lacks no more than its compute buffer."""
    return fit.outcome is not Outcome.FITS and any(
        device.parts.get("compute_buffer", NOTHING).upper > -verdict.spare_mib > 0
        for device, verdict in zip(fit.devices, fit.verdicts, strict=False)
    )


def _no_room(kinds: Sequence[GpuKind]) -> str:
    name = min(kinds, key=lambda kind: kind.order).name
    return f"the context of a process does not fit on {name}, or its size is not known"


def _micro_batches(words: Pool) -> list[int]:
    if words.kind != "generation":
        # Vectors and ranks are of whole texts: `input is too large to process` says build 11669 to
        # one that is longer than a micro-batch. It pools for as many texts as there are slots, and
        # aborts at start where they do not share the micro-batch evenly (seen with 3 and 1024).
        return [_as_set(words) or -(-words.context_tokens // words.slots) * words.slots]
    all_slots = words.context_tokens * words.slots
    first = min(words.micro_batch_tokens, words.batch_tokens, all_slots)
    if "micro_batch_tokens" in words.model_fields_set:
        return [first]
    return [first, *(size for size in (256, LEAST_MICRO_BATCH) if size < first)]


def _as_set(words: Pool) -> int:
    """0: left out. tools/server/server.cpp lowers a batch of such texts to its micro-batch, so both
    are one number.
    """
    pinned = words.model_fields_set
    if "micro_batch_tokens" in pinned:
        return words.micro_batch_tokens
    return words.batch_tokens if "batch_tokens" in pinned else 0


def _searched(question: Question, in_ram: InRam, micro_batch: int) -> Fit:
    layers, words = question.layers, question.words
    everything = layers + 1

    def tried(on_gpus: int, experts: int) -> Fit:
        return placed(question, micro_batch, on_gpus, experts)

    if not question.kinds:
        return tried(0, 0)
    if in_ram == "as set":
        on_gpus = everything if words.gpu_layers == "auto" else words.gpu_layers
        experts = 0 if words.experts_on_cpu == "auto" else words.experts_on_cpu
        return tried(min(on_gpus, everything), min(experts, layers))
    if in_ram == "experts":
        return _first_that_fits(lambda count: tried(everything, count), range(1, layers + 1))
    if in_ram == "layers":
        has_experts = question.alternative.model.shape.experts if layers else None
        experts = layers if has_experts else 0
        return _first_that_fits(lambda kept: tried(layers - kept, experts), range(layers))
    return tried(everything, 0)


def _first_that_fits(tried: Callable[[int], Fit], counts: range) -> Fit:
    """The first count that fits; all later ones do too. The last one's answer where none does."""
    low, high = counts.start, counts.stop - 1
    best = tried(max(low, high))
    if best.outcome is not Outcome.FITS:
        return best
    while low < high:
        middle = (low + high) // 2
        found = tried(middle)
        if found.outcome is Outcome.FITS:
            best, high = found, middle
        else:
            low = middle + 1
    return best


def placed(question: Question, micro_batch: int, on_gpus: int, experts: int) -> Fit:
    """Exactly this, judged."""
    arguments = arguments_of(question, micro_batch, on_gpus, experts)
    case = case_of(question, arguments)
    answer = estimate(case)
    if answer.unknown:
        return refused(_unknown(question, answer.unknown))
    ram = next(device for device in answer.devices if device.device == "CPU")
    verdicts = tuple(
        judge(_named(device, kind), kind.visible_mib, kind.used_mib)
        for device, kind in zip(answer.gpus, question.kinds, strict=True)
    )
    decides = worst(verdicts) if verdicts else None
    return Fit(
        outcome=decides.outcome if decides else Outcome.FITS,
        binding=decides.binding if decides else "",
        explanation=decides.explanation if decides else "",
        arguments=arguments,
        devices=(*answer.gpus, ram),
        verdicts=verdicts,
        ram_mib=_ram_parts(question, ram),
        corrections=case.corrections,
    )


def _unknown(question: Question, parts: Sequence[str]) -> str:
    """Nothing is guessed: the size of the files is known, and the rest is named."""
    model = question.alternative.model
    found = f"weights {files_bytes(model) / MIB:,.0f} MiB; not known: {'; '.join(parts)}"
    if model.architecture and is_known(model.architecture):
        return found
    name = model.architecture.name if model.architecture else model.architecture_name
    return f"unknown architecture {name}: {found}"


def _named(device: DeviceEstimate, kind: GpuKind) -> DeviceEstimate:
    return replace(device, device=f"{kind.name} ({device.device})")


def _ram_parts(question: Question, ram: DeviceEstimate) -> dict[str, int]:
    parts = {"weights": 0, "kv_cache": 0, "recurrent_state": 0, "compute_buffer": 0}
    for name, part in ram.parts.items():
        parts[name] = ceil(part.upper)
    projector = question.alternative.model.projector
    if projector and not question.kinds:
        parts["projector"] = ceil(projector.size_bytes / MIB)
    parts["process"] = GPU_PROCESS_MIB if question.kinds else PROCESS_MIB
    if question.alternative.engine == "localai":
        parts["process"] += LOCALAI_PROCESS_MIB
    parts["process"] += ceil(_images_mib(question))
    optional = ("recurrent_state", "projector")
    return {name: mib for name, mib in parts.items() if mib or name not in optional}


def _images_mib(question: Question) -> float:
    """Of all requests that a gateway lets come to a replica, each decoded when it comes."""
    words, shape = question.words, question.alternative.model.architecture
    tower = shape.vision if shape else None
    if tower is None or question.alternative.model.projector is None:
        return 0
    limits = limits_of(words.image_limits, tower, words.context_tokens)
    return decoded_mib(limits, words.slots + words.waiting_requests)
