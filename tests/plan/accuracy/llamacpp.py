"""What llama.cpp's logs say of a model's buffers, beside the estimate of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import Case
from deploys.plan.memory.estimate import Estimate
from tests.plan.accuracy.comparison import Row


def rows(case: Case, observed: Mapping[str, Any]) -> Iterator[Row]:
    """Of a case whose architecture is known."""
    answer = estimate(case)
    if answer.profile == "none":
        return
    seen = reported(observed)
    for quantity, part, number in (
        ("KV cache", "kv_cache", main_cache(seen)),
        ("recurrent state", "recurrent_state", _sum(seen.get("rs"))),
    ):
        if number is not None:
            predicted = [device.parts[part] for device in answer.devices]
            upper = sum(part.upper for part in predicted)
            yield quantity, number, sum(part.expected for part in predicted), upper, 0
    yield from _weights(case, answer, seen)
    yield from _compute(answer, seen)
    yield from _total(answer, seen)


def reported(observed: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table by device (`self`) in the words of the start's own lines.

    The host's row counts the whole file: what lies on GPUs is mapped there as well.
    """
    table = observed.get("self")
    if not isinstance(table, dict):
        return observed
    words = {"model": "model", "ctx": "kv", "compute": "compute"}
    found: dict[str, Any] = {name: {} for name in words.values()}
    for cell, mib in table.items():
        device, _, part = cell.partition("_")
        if cell == "Host_model":
            found["file"] = mib
        else:
            found[words[part]][device] = mib
    return found


def _weights(case: Case, answer: Estimate, seen: Mapping[str, Any]) -> Iterator[Row]:
    if case.weights.gpu_mib is not None or any("weights" not in d.parts for d in answer.devices):
        return
    for number, devices in (
        (gpu_sum(seen.get("model")), answer.gpus),
        (seen.get("file"), answer.devices),
    ):
        if number:
            parts = [device.parts["weights"] for device in devices]
            expected = sum(part.expected for part in parts)
            upper = sum(part.upper for part in parts)
            yield "weights without the file", number, expected, upper, 0


def _compute(answer: Estimate, observed: Mapping[str, Any]) -> Iterator[Row]:
    """Of single devices: on several GPUs the log does not say which layers lie where."""
    seen = {k: v for k, v in (observed.get("compute") or {}).items() if "Host" not in k}
    places = [d for d in answer.devices if d.parts["compute_buffer"].upper]
    if len(seen) == 1 and len(places) == 1:
        part = places[0].parts["compute_buffer"]
        yield "compute buffer", _sum(seen) or 0, part.expected, part.upper, 0


def _total(answer: Estimate, observed: Mapping[str, Any]) -> Iterator[Row]:
    """All of a process on its GPUs, where its weights are known or follow a published mix."""
    seen = total(observed)
    if answer.unknown or not answer.gpus or seen is None:
        return
    expected = sum(gpu.engine.expected for gpu in answer.gpus)
    yield "GPU total", seen, expected, sum(gpu.engine.upper for gpu in answer.gpus), 0


def total(observed: Mapping[str, Any]) -> float | None:
    """MiB of all buffers on GPUs; None where one of them is not said."""
    cache = main_cache(observed)
    if cache is None:
        cache = observed.get("kv_computed_by_author")
    seen = [gpu_sum(observed.get("model")), cache, gpu_sum(observed.get("compute"))]
    if any(number is None for number in seen):
        return None
    return sum(number or 0 for number in seen) + (_sum(observed.get("rs")) or 0)


def main_cache(observed: Mapping[str, Any]) -> float | None:
    """Logs say a total, or a number for each device or kind of layer; a draft's is not the main."""
    found = observed.get("kv")
    if not isinstance(found, dict):
        return None
    return found.get("total", found.get("main", _sum(found)))


def gpu_sum(found: object) -> float | None:
    """MiB of the devices that are GPUs; None where none is said."""
    if not isinstance(found, dict):
        return None
    return float(sum(v for k, v in found.items() if "Host" not in k and k != "CPU")) or None


def _sum(found: object) -> float | None:
    return float(sum(found.values())) if isinstance(found, dict) else None
