"""One case in, one estimate out: the entry to this package."""

from dataclasses import replace

from deploys.catalogue.known_architectures import MAMBA, is_known
from deploys.plan.memory import llamacpp, vllm
from deploys.plan.memory.configuration import Case, VllmConfiguration
from deploys.plan.memory.corrections import corrected
from deploys.plan.memory.estimate import DeviceEstimate, Estimate, Range, exactly


def estimate(case: Case) -> Estimate:
    """Every part that can be told; an unknown architecture leaves only stated weights."""
    shape, asked = case.architecture, case.configuration
    if shape is None or asked is None or not is_known(shape):
        return _weights_only(case)
    if isinstance(asked, VllmConfiguration):
        return vllm.estimate(case, asked, shape)
    if shape.name in MAMBA:
        return _weights_only(case, f"the graph of architecture {shape.name} is not described")
    found = llamacpp.estimate(case, asked, shape)
    return replace(found, devices=corrected(found.devices, case.corrections))


def _weights_only(case: Case, reason: str = "") -> Estimate:
    shape = case.architecture
    words = f"unknown architecture {shape.name}" if shape else "the architecture is not known"
    words = reason or words
    if shape and case.configuration is None:
        words = "the context is not said"
    unknown = [f"{part}: {words}" for part in ("kv_cache", "recurrent_state", "compute_buffer")]
    parts: dict[str, Range] = {}
    if case.weights.gpu_mib is not None:
        parts["weights"] = exactly(case.weights.gpu_mib)
    else:
        unknown.insert(0, f"weights: {words}")
    return Estimate(
        name=case.name,
        profile="none",
        devices=(DeviceEstimate("GPU0", parts),),
        unknown=tuple(unknown),
        remarks=case.remarks,
    )
