"""Cases in words to questions; refuses with every complaint at once."""

from collections.abc import Sequence

from pydantic import ValidationError

from deploys.plan.cases.configuration import llamacpp_configuration, vllm_configuration
from deploys.plan.cases.shapes import shape_of
from deploys.plan.cases.words import CaseWords, Words
from deploys.plan.memory.configuration import Case, KnownWeights
from deploys.plan.memory.ggml_types import CACHE_TYPES
from deploys.settings.refusal import Complaint, Refused

HINT = "deploys/plan/cases/words.py names the fields of a case"


def read_cases(file: str, entries: object) -> tuple[Case, ...]:
    """All cases of a parsed file: a list, or a mapping with the list under `entries`."""
    if isinstance(entries, dict):
        entries = entries.get("entries")
    if not isinstance(entries, list):
        raise Refused([Complaint(file, "", "is not a list of cases", HINT)])
    words, complaints = _checked(file, entries)
    complaints += _twice(file, words)
    for index, case in words:
        complaints += _unfit(file, f"{index}.{case.id}", case)
    if complaints:
        raise Refused(complaints)
    return tuple(_case(case) for _, case in words)


def _checked(
    file: str, entries: Sequence[object]
) -> tuple[list[tuple[int, CaseWords]], list[Complaint]]:
    words: list[tuple[int, CaseWords]] = []
    complaints: list[Complaint] = []
    for index, entry in enumerate(entries):
        try:
            words.append((index, CaseWords.model_validate(entry)))
        except ValidationError as error:
            for one in error.errors():
                path = ".".join(map(str, (index, *one["loc"])))
                found = f"{one['msg']}, found {one['input']!r:.60}"
                complaints.append(Complaint(file, path, found, HINT))
    return words, complaints


def _twice(file: str, words: Sequence[tuple[int, CaseWords]]) -> list[Complaint]:
    seen: set[str] = set()
    complaints = []
    for index, case in words:
        if case.id in seen:
            found = f"{case.id!r} stands twice"
            complaints.append(Complaint(file, f"{index}.id", found, "give each case its own id"))
        seen.add(case.id)
    return complaints


def _unfit(file: str, path: str, case: CaseWords) -> list[Complaint]:
    """What each field allows, but not together."""
    complaints = []
    for name in ("ctk", "ctv"):
        word = getattr(case.config, name)
        if word is not None and word not in CACHE_TYPES:
            hint = "one of " + ", ".join(CACHE_TYPES)
            complaints.append(Complaint(file, f"{path}.config.{name}", f"{word!r}", hint))
    arch = case.arch
    if arch and arch.E and not (arch.EU and arch.eff and arch.EU <= arch.E):
        found = f"{arch.E} experts, of which {arch.EU} of length {arch.eff} are used"
        hint = "EU between 1 and E, and eff above 0"
        complaints.append(Complaint(file, f"{path}.arch.E", found, hint))
    if arch and not arch.kvl and arch.h % arch.kv:
        found = f"{arch.h} heads are not a multiple of {arch.kv} kv heads"
        complaints.append(Complaint(file, f"{path}.arch.kv", found, "a divisor of h"))
    if case.config.ctv not in (None, "f16", "bf16", "f32") and case.config.fa is False:
        found = f"{case.config.ctv!r} values without flash attention"
        complaints.append(Complaint(file, f"{path}.config.ctv", found, "set fa, or ctv f16"))
    tensor_parallel = case.config.tp or 1
    if arch and arch.h % tensor_parallel:
        found = f"{arch.h} heads are not divisible by {tensor_parallel} GPUs"
        complaints.append(Complaint(file, f"{path}.config.tp", found, "a divisor of the heads"))
    return complaints


def _case(words: CaseWords) -> Case:
    vllm = words.engine.lower() == "vllm"
    read = vllm_configuration if vllm else llamacpp_configuration
    configuration, assumed = read(words)
    return Case(
        name=words.id,
        engine=words.engine,
        version=words.version,
        quantization=words.quant or _FORMATS.get(words.config.w_bytes or 0.0, ""),
        architecture=shape_of(words.arch) if words.arch else None,
        configuration=configuration,
        weights=_weights(words, 1024 if vllm else 1),
        profile_facts=_profile_facts(words),
        remarks=(*assumed, *_not_understood(words)),
    )


# What so many bytes per weight are, where the format is not named.
_FORMATS = {2.0: "bf16", 1.0: "FP8"}


def _weights(words: CaseWords, scale: int) -> KnownWeights:
    stated = words.weights_known
    if stated is None:
        return KnownWeights()
    return KnownWeights(
        gpu_mib=None if stated.GPU is None else stated.GPU * scale,
        ram_mib=None if stated.CPU is None else stated.CPU * scale,
    )


def _profile_facts(words: CaseWords) -> dict[str, bool]:
    core, semantic = words.config.core, words.config.semantic
    facts = {
        "mask_f32": words.engine_profile.mask_f32,
        "deq_in_graph": words.engine_profile.deq_in_graph,
        "v1": None if core is None else core == "V1",
        "counts_concurrency": None if semantic is None else semantic == "new",
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _not_understood(words: CaseWords) -> list[str]:
    parts: dict[str, Words | None] = {
        "": words,
        "arch.": words.arch,
        "config.": words.config,
        "weights_known.": words.weights_known,
        "engine_profile.": words.engine_profile,
    }
    return [
        f"not understood, so not counted: {place}{key}"
        for place, part in parts.items()
        if part is not None
        for key in part.model_extra or {}
    ]
