"""What the next plan can learn of a start: measured parts less what a plan expects by itself."""

from collections.abc import Iterable, Mapping

from checks.probes.engine_logs.reported import CPU, PoolReport, Reported
from deploys.render.release import PlannedPool, PlannedReplica
from deploys.settings.calibration import Measured

# What arithmetic alone does not give. Weights of llama.cpp, caches and states it does: a difference
# there is an error of the rules, which a correction would hide.
_LLAMACPP_PARTS = ("compute_buffer", "projector", "draft", "process")
_VLLM_PARTS = ("weights", "compute_buffer", "graphs")
DECIMALS = 3

Sizes = dict[str, dict[str, float]]


class NothingToLearn(Exception):
    """Says why."""


def measured(planned: PlannedReplica, reported: Reported) -> Measured:
    """One replica's corrections in MiB; raises NothingToLearn."""
    if planned.engine == "localai":
        raise NothingToLearn("localai does not tell the parts of its backend's memory apart")
    if not reported.is_complete:
        raise NothingToLearn("its log no longer holds its start: `docker restart` writes it anew")
    gpus = [device.device for device in planned.devices if device.device != CPU]
    if not set(gpus) <= set(reported.devices):
        raise NothingToLearn("it serves from RAM what is planned onto GPUs; see check_memory")
    corrections = (
        _of_llamacpp(planned, reported, bool(gpus))
        if planned.engine == "llamacpp"
        else _of_vllm(planned, reported)
    )
    document = {
        "engine": planned.engine,
        "version": reported.version or planned.version,
        "gpu": planned.gpu_name,
        "gpus": len(gpus),
        "model": planned.model,
        "corrections_mib": corrections,
    }
    return Measured.model_validate(document)


def merged(old: Iterable[Measured], new: Iterable[Measured]) -> tuple[Measured, ...]:
    """New measurements in the place of old ones of the same engine, model and GPUs.

    A version that runs no more is left out with them; of two replicas alike the larger sizes count.
    """
    found: dict[tuple[object, ...], Measured] = {}
    for one in new:
        twin = found.get(_place(one))
        found[_place(one)] = _larger(twin, one) if twin else one
    kept = [one for one in old if _place(one) not in found]
    return tuple(sorted([*kept, *found.values()], key=lambda one: (_place(one), one.version)))


def _place(one: Measured) -> tuple[object, ...]:
    return (one.engine, one.gpu, one.gpus, one.model)


def _larger(first: Measured, second: Measured) -> Measured:
    sizes = {device: dict(parts) for device, parts in first.corrections_mib.items()}
    for device, parts in second.corrections_mib.items():
        known = sizes.setdefault(device, {})
        for part, mib in parts.items():
            known[part] = max(mib, known.get(part, mib))
    return second.model_copy(update={"corrections_mib": sizes})


def _of_llamacpp(planned: PlannedReplica, reported: Reported, has_gpus: bool) -> Sizes:
    corrections: Sizes = {}
    for device in planned.devices:
        if has_gpus and device.device == CPU:
            continue
        found = reported.devices.get(device.device, {})
        parts = {
            part: _difference(found[part], device.expected_mib, device.corrections_mib, part)
            for part in _LLAMACPP_PARTS
            # Less than nothing: the driver counts less than the engine says that it took.
            if found.get(part, -1) >= 0
        }
        if parts:
            corrections[device.device] = parts
    return corrections


def _of_vllm(planned: PlannedReplica, reported: Reported) -> Sizes:
    corrections: Sizes = {}
    for device in planned.devices:
        found = reported.devices.get(device.device, {})
        parts = {
            part: _difference(found[part], device.expected_mib, device.corrections_mib, part)
            for part in _VLLM_PARTS
            if part in found
        }
        outside = _outside(planned.pool, reported.pool, device.corrections_mib, parts)
        if outside is not None:
            parts["outside"] = outside
        if parts and device.device != CPU:
            corrections[device.device] = parts
    return corrections


def _difference(
    found: float, expected: Mapping[str, float], before: Mapping[str, float], part: str
) -> float:
    """From what the plan expects without the correction that it has already."""
    return round(found - expected.get(part, 0.0) + before.get(part, 0.0), DECIMALS)


def _outside(
    plan: PlannedPool | None,
    found: PoolReport | None,
    before: Mapping[str, float],
    parts: Mapping[str, float],
) -> float | None:
    """What is left of the pool's difference when the other parts are corrected."""
    if plan is None or found is None or found.available_gib is None or found.is_pinned:
        return before.get("outside")
    missing = (plan.expected_gib - found.available_gib) * 1024
    others = sum(mib - before.get(part, 0.0) for part, mib in parts.items())
    return round(missing - others + before.get("outside", 0.0), DECIMALS)
