"""Memory of one llama.cpp process (llama-server, LocalAI, Ollama), device by device."""

from collections import defaultdict
from dataclasses import dataclass

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import kv_cache, pipeline_copies, process, projector, recurrent_layer
from deploys.plan.memory.compute_buffer import compute_buffer
from deploys.plan.memory.configuration import Case, Device, LlamaCppConfiguration
from deploys.plan.memory.estimate import MIB, NOTHING, DeviceEstimate, Estimate, Range, exactly
from deploys.plan.memory.ggml_types import is_quantized
from deploys.plan.memory.graph_part import Part
from deploys.plan.memory.layer_placement import CPU, devices_of_layers
from deploys.plan.memory.layers import LayerKind, keeps_rows, layer_kinds
from deploys.plan.memory.profiles.choice import llamacpp_profile
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile
from deploys.plan.memory.weights import Weights, weights_of


@dataclass(frozen=True)
class _Question:
    case: Case
    shape: Architecture
    asked: LlamaCppConfiguration
    profile: LlamaCppProfile
    placed: list[int]
    weights: Weights
    kinds: tuple[LayerKind, ...]


def estimate(case: Case, asked: LlamaCppConfiguration, shape: Architecture) -> Estimate:
    """Every part on every device; parts that cannot be told are named in `unknown`."""
    profile = llamacpp_profile(case.engine, case.version, case.profile_facts)
    shares = asked.shares or (1.0,) * len(asked.devices)
    placed = devices_of_layers(shape.layers, asked.gpu_layers, shares, profile.output_first)
    weights = weights_of(case, asked, placed)
    question = _Question(case, shape, asked, profile, placed, weights, layer_kinds(shape))
    indexes = [*range(len(asked.devices)), CPU]
    return Estimate(
        name=case.name,
        profile=profile.name,
        devices=tuple(_device(question, index) for index in indexes),
        unknown=(f"weights: {weights.unknown}",) if weights.unknown else (),
        remarks=case.remarks,
    )


def _device(question: _Question, index: int) -> DeviceEstimate:
    cache, state = _caches(question, index)
    parts: dict[str, Range] = {}
    if index in question.weights.by_device:
        parts["weights"] = question.weights.by_device[index]
    parts["kv_cache"] = exactly(cache)
    parts["recurrent_state"] = exactly(state)
    parts["compute_buffer"] = _compute(question, index)
    if index == CPU:
        return DeviceEstimate("CPU", parts)
    if index == 0:
        parts |= _extras(question)
    device = question.asked.devices[index]
    return DeviceEstimate(f"GPU{index}", parts | _around(question, device))


def _caches(question: _Question, index: int) -> tuple[float, float]:
    """MiB of (KV cache, recurrent state) of the layers on one device."""
    here = [kind for kind, at in zip(question.kinds, question.placed, strict=False) if at == index]
    sizes = {kind: _kind_bytes(question, kind) for kind in set(here)}
    cache = sum(sizes[kind][0] for kind in here)
    return cache / MIB, sum(sizes[kind][1] for kind in here) / MIB


def _kind_bytes(question: _Question, kind: LayerKind) -> tuple[int, int]:
    """(KV cache, recurrent state) of one layer."""
    asked, profile = question.asked, question.profile
    cache = kv_cache.layer_cache_bytes(question.shape, kind, asked, profile)
    return cache, _state_bytes(question, kind)


def _state_bytes(question: _Question, kind: LayerKind) -> int:
    recurrent = question.shape.recurrent
    if recurrent is None or kind is not LayerKind.RECURRENT:
        return 0
    asked = question.asked
    return sum(recurrent_layer.states_bytes(recurrent, asked.sequences, asked.draft_tokens))


def _compute(question: _Question, index: int) -> Range:
    if index == CPU and question.asked.devices:
        return NOTHING
    output_at = question.placed[-1]
    takes_output = index == 0 and output_at == CPU and question.profile.logits_for_all_tokens
    part = Part(
        question.shape,
        question.asked,
        question.profile,
        question.kinds,
        layers=_layers_at(question, index),
        has_output=output_at == index or takes_output,
        ram_layers=_layers_at(question, CPU) if index == 0 else (),
        is_first=index == 0,
        copies=_copies(question),
        borrowed_bytes=round(_borrowed(question) * MIB) if index == 0 else 0,
        borrowed_output_bytes=round(question.weights.ram_output_mib * MIB) if takes_output else 0,
        in_ram=index == CPU,
    )
    return compute_buffer(part)


def _layers_at(question: _Question, index: int) -> tuple[int, ...]:
    return tuple(layer for layer, at in enumerate(question.placed[:-1]) if at == index)


def _copies(question: _Question) -> int:
    """Pipelining needs several GPUs that hold every layer and no override (llama-context.cpp)."""
    asked = question.asked
    if asked.pipeline_copies is not None:
        return asked.pipeline_copies
    whole = CPU not in question.placed
    several = len(asked.devices) > 1
    plain = asked.experts_on_cpu == 0
    return pipeline_copies.SCHEDULER_COPIES if several and whole and plain else 1


def _borrowed(question: _Question) -> float:
    """MiB of the largest tensor of a layer that the first GPU copies from RAM for large batches.

    ggml's scheduler offloads such operations (op_offload) and reuses the space tensor by tensor.
    """
    weights, stated = question.weights, question.asked.largest_ram_expert_mib
    expert = weights.largest_ram_expert_mib if stated is None else stated
    if CPU not in question.placed:
        return expert
    return max(expert, weights.largest_ram_layer_mib)


def _extras(question: _Question) -> dict[str, Range]:
    """What llama.cpp puts on the first GPU beside the model: a projector and a draft context."""
    asked, tower = question.asked, question.shape.vision
    parts = {}
    weights = asked.projector_mib or (tower.weights_bytes / MIB if tower else 0)
    if weights or tower:
        compute = projector.compute_bytes(tower) / MIB if tower else 0
        parts["projector"] = exactly(weights + compute)
    if asked.draft_context and question.shape.draft_layers:
        layer = kv_cache.layer_cache_bytes(question.shape, LayerKind.FULL, asked, question.profile)
        cache = layer * question.shape.draft_layers / MIB
        # A graph of its own, about as large as the main one (in logs 495 of 495 MiB).
        parts["draft"] = exactly(cache) + _compute(question, 0)
    return parts


def _around(question: _Question, device: Device) -> dict[str, Range]:
    """Process and margin; CUDA graphs are in the process's size."""
    parts = {}
    context = process.context(device)
    if context is not None:
        parts["process"] = context + Range(process.WORK_MIB, process.UPPER_WORK_MIB)
    hidden = _hidden_pool_mib(question)
    if "process" in parts and hidden:
        parts["process"] += exactly(hidden)
    if device.visible_mib is not None:
        parts["margin"] = exactly(process.margin_mib(device.visible_mib))
    parts["graphs"] = exactly(0)
    return parts


def _hidden_pool_mib(question: _Question) -> float:
    """The f16 copy of a quantised cache in builds that take it from CUDA's pool."""
    asked, profile, shape = question.asked, question.profile, question.shape
    if profile.dequantised_in_graph or not is_quantized(asked.key_type):
        return 0
    copies: defaultdict[LayerKind, float] = defaultdict(float)
    for kind in filter(keeps_rows, set(question.kinds)):
        cells = kv_cache.cells_of(shape, kind, asked, profile)
        copies[kind] = cells * sum(kv_cache.cache_rows(shape, kind, profile)) * 2
    return max(copies.values(), default=0.0) / MIB
