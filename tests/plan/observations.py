"""Published measurements beside what the estimator says of them, quantity by quantity."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deploys.plan.cases.reading import read_cases
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case, KnownWeights, VllmConfiguration
from deploys.plan.memory.estimate import DeviceEstimate, Estimate

FILE = Path(__file__).with_name("measurements.json")
# Matrices of these formats are all quantised or all kept, so that sizes follow from the shape.
PLAIN_FORMATS = ("bf16", "fp16")


@dataclass(frozen=True)
class Comparison:
    """One number that an engine printed, and the prediction for it."""

    quantity: str
    case: str
    kind: str
    """The class of model, as the measurement file names it."""
    observed: float
    expected: float
    upper: float
    scale: float = 0.0
    """What the error is a share of; the observation itself if 0."""

    @property
    def error(self) -> float:
        """Signed, as a share; negative: predicted too little."""
        return (self.expected - self.observed) / (self.scale or self.observed)

    @property
    def upper_error(self) -> float:
        """The same of the upper bound."""
        return (self.upper - self.observed) / (self.scale or self.observed)


def entries() -> list[dict[str, Any]]:
    """The file's entries."""
    parsed: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return list(parsed["entries"])


def comparisons() -> list[Comparison]:
    """Every observation that the estimator has a number for."""
    found = []
    rows = entries()
    for entry, case in zip(rows, read_cases(FILE.name, rows), strict=True):
        compare = _vllm if case.engine == "vLLM" else _llamacpp
        for quantity, observed, expected, upper, scale in compare(case, entry["observed"]):
            found.append(
                Comparison(quantity, case.name, entry["class"], observed, expected, upper, scale)
            )
    return found


_Row = tuple[str, float, float, float, float]


def _llamacpp(case: Case, observed: Mapping[str, Any]) -> Iterator[_Row]:
    answer = estimate(case)
    if answer.profile == "none":
        return
    for quantity, part, seen in (
        ("KV cache", "kv_cache", _cache(observed)),
        ("recurrent state", "recurrent_state", _sum(observed.get("rs"))),
    ):
        predicted = [device.parts[part] for device in answer.devices]
        if seen is not None:
            upper = sum(part.upper for part in predicted)
            yield quantity, seen, sum(part.expected for part in predicted), upper, 0
    yield from _weights(case, answer, observed)
    yield from _compute(answer, observed)
    yield from _total(answer, observed)


def _compute(answer: Estimate, observed: Mapping[str, Any]) -> Iterator[_Row]:
    """Of single devices: on several GPUs the log does not say which layers lie where."""
    seen = {k: v for k, v in (observed.get("compute") or {}).items() if "Host" not in k}
    places = [d for d in answer.devices if d.parts["compute_buffer"].upper]
    if len(seen) == 1 and len(places) == 1:
        part = places[0].parts["compute_buffer"]
        yield "compute buffer", _sum(seen) or 0, part.expected, part.upper, 0


def _weights(case: Case, answer: Estimate, observed: Mapping[str, Any]) -> Iterator[_Row]:
    if case.weights.gpu_mib is not None or any("weights" not in d.parts for d in answer.devices):
        return
    model = observed.get("model")
    devices = answer.gpus if isinstance(model, dict) else answer.devices
    seen = _gpu_sum(model) if isinstance(model, dict) else observed.get("file")
    if seen:
        parts = [device.parts["weights"] for device in devices]
        expected = sum(part.expected for part in parts)
        yield "weights without the file", seen, expected, sum(part.upper for part in parts), 0


def _total(answer: Estimate, observed: Mapping[str, Any]) -> Iterator[_Row]:
    """All of a process on its GPUs, where its weights are known or follow a published mix."""
    if answer.unknown or not answer.gpus:
        return
    seen = [_gpu_sum(observed.get("model")), _cache(observed), _gpu_sum(observed.get("compute"))]
    if seen[1] is None and "kv_computed_by_author" in observed:
        seen[1] = observed["kv_computed_by_author"]
    if any(number is None for number in seen):
        return
    total = sum(number or 0 for number in seen) + (_sum(observed.get("rs")) or 0)
    expected = sum(gpu.engine.expected for gpu in answer.gpus)
    yield "GPU total", total, expected, sum(gpu.engine.upper for gpu in answer.gpus), 0


def _cache(observed: Mapping[str, Any]) -> float | None:
    """Logs say a total, or a number for each device or kind of layer; a draft's is not the main."""
    found = observed.get("kv")
    if not isinstance(found, dict):
        return None
    return found.get("total", found.get("main", _sum(found)))


def _sum(found: object) -> float | None:
    return float(sum(found.values())) if isinstance(found, dict) else None


def _gpu_sum(found: object) -> float | None:
    if not isinstance(found, dict):
        return None
    return float(sum(v for k, v in found.items() if "Host" not in k and k != "CPU")) or None


def _vllm(case: Case, observed: Mapping[str, Any]) -> Iterator[_Row]:
    asked = case.configuration
    if not isinstance(asked, VllmConfiguration) or case.architecture is None:
        return
    if "weights" in observed and case.weights.gpu_mib is None:
        yield from _vllm_weights(case, observed["weights"])
    if observed.get("kv", 0) > 0:
        yield from _tokens(
            replace(case, configuration=replace(asked, pool_gib=observed["kv"])), observed
        )
    if "weights" in observed and asked.total_gib:
        yield from _pool(case, observed)


def _vllm_weights(case: Case, seen: float) -> Iterator[_Row]:
    device: DeviceEstimate = estimate(case).devices[0]
    if "weights" in device.parts:
        part = device.parts["weights"]
        plain = case.quantization in PLAIN_FORMATS
        name = "vLLM weights without the file" if plain else "vLLM weights, other formats"
        yield name, seen, part.expected / 1024, part.upper / 1024, 0


def _tokens(case: Case, observed: Mapping[str, Any]) -> Iterator[_Row]:
    pool = estimate(case).pool
    assert pool is not None
    for name, number in (("tokens", pool.tokens), ("blocks", pool.blocks)):
        if name in observed and number is not None:
            yield "vLLM tokens from a known pool", observed[name], number, number, 0


def _pool(case: Case, observed: Mapping[str, Any]) -> Iterator[_Row]:
    """The index of the safetensors says how large the weights are; the rest is predicted."""
    known = replace(case, weights=KnownWeights(gpu_mib=observed["weights"] * 1024))
    pool = estimate(known).pool
    assert pool is not None
    seen = observed.get("kv")
    if seen is None and "blocks" in observed and pool.bytes_per_block:
        seen = observed["blocks"] * pool.bytes_per_block / 2**30
    if seen is not None and pool.expected_gib is not None and pool.lowest_gib is not None:
        budget = pool.budget_gib or 0
        yield "vLLM pool, of the budget", seen, pool.expected_gib, pool.lowest_gib, budget
