"""What logs say of all that is beside a model: its draft, its projector, and the process itself."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploys.catalogue.vision import ANY_SIZE_TOKENS, MERGED_PATCHES
from deploys.plan.cases.configuration import devices_of
from deploys.plan.memory import process
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, LlamaCppConfiguration
from deploys.plan.memory.estimate import Estimate, Range
from tests.plan.accuracy.comparison import Row
from tests.plan.accuracy.exceptions import CONTEXT, PROCESS
from tests.plan.accuracy.llamacpp import total

PUBLISHED = Path(__file__).parents[2] / "catalogue" / "published"
# An 8 GB laptop card of the Ada generation, which the catalogue does not have.
LAPTOP_SMS = 24


def rows(case: Case, entry: Mapping[str, Any]) -> Iterator[Row]:
    """Of whatever an entry has of these."""
    observed = entry["observed"]
    yield from _draft(case, observed)
    yield from _projector(case, entry)
    for quantity, sm_count, seen in _around(entry):
        part = _context(sm_count) if quantity == CONTEXT else _at_work(sm_count)
        yield quantity, seen, part.expected, part.upper, 0


def _context(sm_count: int) -> Range:
    return Range(process.expected_mib(sm_count), process.upper_mib(sm_count))


def _at_work(sm_count: int) -> Range:
    return _context(sm_count) + Range(process.WORK_MIB, process.UPPER_WORK_MIB)


def _draft(case: Case, observed: Mapping[str, Any]) -> Iterator[Row]:
    """One layer, as `nextn_predict_layers` of these models says."""
    extra, cache = observed.get("extra", {}), observed.get("kv")
    seen = {
        "draft KV cache": extra.get(
            "MTP kv", cache.get("mtp") if isinstance(cache, dict) else None
        ),
        "draft compute buffer": extra.get("MTP compute"),
        "draft, cache and compute": observed.get("mtp_context"),
    }
    if not any(seen.values()):
        return
    answer = _with_draft(case)
    gpu = answer.gpus[0]
    draft, compute = gpu.parts["draft"], gpu.parts["compute_buffer"]
    cache_mib = draft.expected - compute.expected
    predicted = (Range(cache_mib, cache_mib), compute, draft)
    for (quantity, number), part in zip(seen.items(), predicted, strict=True):
        if number is not None:
            yield quantity, number, part.expected, part.upper, 0
    if "nvidia_smi" in observed and total(observed) is not None:
        whole = gpu.engine + _at_work(LAPTOP_SMS)
        yield "process in nvidia-smi", observed["nvidia_smi"], whole.expected, whole.upper, 0


def _with_draft(case: Case) -> Estimate:
    asked, shape = case.configuration, case.architecture
    assert isinstance(asked, LlamaCppConfiguration)
    assert shape is not None
    return estimate(
        replace(
            case,
            architecture=shape.model_copy(update={"draft_layers": 1}),
            configuration=replace(asked, draft_context=True),
        )
    )


def _projector(case: Case, entry: Mapping[str, Any]) -> Iterator[Row]:
    """The compute buffer alone: the weights are the size of a file."""
    seen = entry["observed"].get("extra", {})
    if "mmproj compute" not in seen:
        return
    file = PUBLISHED / f"{entry['model'].lower()}.json"
    tower = json.loads(file.read_text(encoding="utf-8"))["config"]["vision_config"]
    asked, shape = case.configuration, case.architecture
    assert isinstance(asked, LlamaCppConfiguration)
    assert shape is not None
    vision = {
        "weights_bytes": round(seen["mmproj"] * 2**20),
        "embedding_length": tower["hidden_size"],
        "feed_forward_length": tower["intermediate_size"],
        "patches": ANY_SIZE_TOKENS * MERGED_PATCHES,
    }
    words = {**shape.model_dump(), "vision": vision}
    part = estimate(replace(case, architecture=type(shape).model_validate(words))).gpus[0]
    compute = part.parts["projector"].expected - seen["mmproj"]
    yield "projector compute buffer", seen["mmproj compute"], compute, compute, 0


def _around(entry: Mapping[str, Any]) -> Iterator[tuple[str, int, float]]:
    """(quantity, SMs, MiB) of what a process took beside its buffers, or had before any."""
    observed = entry["observed"]
    devices = devices_of(entry["config"].get("gpus") or [])
    sm_count = devices[0].sm_count if devices else None
    if "ctx_overhead" in observed:
        yield PROCESS, LAPTOP_SMS, observed["ctx_overhead"]
    if sm_count:
        for name in ("unaccounted", "unaccounted_other"):
            if name in observed:
                yield PROCESS, sm_count, observed[name]
        for gpu, driver in observed.get("driver", {}).items():
            yield PROCESS, sm_count, driver - observed["engine"][gpu]
    named = observed.get("context")
    for title, mib in named.items() if isinstance(named, dict) else ():
        found = re.search(r"\((\d+) SM\)", title)
        assert found, title
        yield CONTEXT, int(found[1]), mib
