"""Which weights lie on which device, and how large they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deploys.plan.memory.configuration import Case, LlamaCppConfiguration
from deploys.plan.memory.estimate import MIB, Range, exactly
from deploys.plan.memory.file_types import file_type, says_how
from deploys.plan.memory.layer_placement import CPU
from deploys.plan.memory.quantization_mix import typed_tensors
from deploys.plan.memory.tensors import tensors_of


@dataclass(frozen=True)
class Weights:
    """MiB by device index (-1: RAM), or why not."""

    by_device: Mapping[int, Range]
    largest_ram_expert_mib: float = 0
    largest_ram_layer_mib: float = 0
    """The largest tensor of a layer in RAM."""
    ram_output_mib: float = 0
    """The output's matrix, where it lies in RAM."""
    unknown: str = ""


def weights_of(case: Case, asked: LlamaCppConfiguration, placed: Sequence[int]) -> Weights:
    """Weights per device: from a header, else as a log states them, else from the rules."""
    sizes = tensor_sizes(case)
    if isinstance(sizes, str):
        known = _stated(case, asked, placed)
        return known or Weights({}, unknown=sizes)
    if asked.experts_on_cpu is None:
        known = _stated(case, asked, placed)
        reason = "which experts stay in RAM is not said"
        return known or Weights({}, *_in_ram(list(sizes), sizes), unknown=reason)
    shape = case.architecture
    tied = bool(shape and shape.tied_embeddings)
    summed = _summed(sizes, placed, asked, tied)
    stated = _stated(case, asked, placed)
    if stated is None:
        return _with_other_matrix(summed, case, placed, asked, tied)
    return replace(summed, by_device=stated.by_device)


def _with_other_matrix(
    summed: Weights, case: Case, placed: Sequence[int], asked: LlamaCppConfiguration, tied: bool
) -> Weights:
    """The upper bound covers a file made with an importance matrix, or without, if not said."""
    if case.weights.tensor_bytes or says_how(case.quantization):
        return summed
    sizes = tensor_sizes(case, other_matrix=True)
    assert not isinstance(sizes, str)  # noqa: S101 - the same words were understood before
    other = _summed(sizes, placed, asked, tied).by_device
    by_device = {
        device: Range(part.expected, max(part.upper, other[device].upper))
        for device, part in summed.by_device.items()
    }
    return replace(summed, by_device=by_device)


def tensor_sizes(case: Case, other_matrix: bool = False) -> Mapping[str, int] | str:
    """Bytes by tensor name, or why they are not known."""
    if case.weights.tensor_bytes:
        return case.weights.tensor_bytes
    if case.architecture is None:
        return "the architecture is not known"
    tensors = tensors_of(case.architecture)
    if tensors is None:
        return f"the tensors of architecture {case.architecture.name} are not described"
    words = file_type(case.quantization)
    if words is None:
        return f"the mix of {case.quantization!r} follows no published rule; its header says it"
    typed = typed_tensors(case.architecture, tensors, words[0], words[1] != other_matrix)
    return {entry.tensor.name: entry.size_bytes for entry in typed}


def _summed(
    sizes: Mapping[str, int], placed: Sequence[int], asked: LlamaCppConfiguration, tied: bool
) -> Weights:
    by_device: dict[int, float] = dict.fromkeys([*range(len(asked.devices)), CPU], 0.0)
    in_ram = []
    for name, size in sizes.items():
        device = device_of(name, placed, asked.experts_on_cpu or 0)
        by_device[device] += size / MIB
        # Of the embeddings' matrix only rows are read, unless it is the output's as well.
        if device == CPU and (name != "token_embd.weight" or placed[-1] == CPU):
            in_ram.append(name)
    if tied and placed[-1] != CPU:
        # The output on the GPU is a second copy of the embeddings in RAM.
        by_device[placed[-1]] += sizes["token_embd.weight"] / MIB
    parts = {device: exactly(mib) for device, mib in by_device.items()}
    return Weights(parts, *_in_ram(in_ram, sizes))


def device_of(name: str, placed: Sequence[int], experts_on_cpu: int) -> int:
    """Where llama.cpp puts a tensor: embeddings stay in RAM, the rest goes with its layer."""
    if name == "token_embd.weight":
        return CPU
    if not name.startswith("blk."):
        return placed[-1]
    # Draft layers come after the others and go with the last of them.
    layer = min(int(name.split(".")[1]), len(placed) - 2)
    if is_expert(name) and layer < experts_on_cpu:
        return CPU
    return placed[layer]


def is_expert(name: str) -> bool:
    """Whether a tensor holds routed experts (common/arg.cpp, --cpu-moe: `_exps`)."""
    return "_exps." in name


def _in_ram(names: Sequence[str], sizes: Mapping[str, int]) -> tuple[float, float, float]:
    """MiB of the largest expert, of the largest tensor of a layer, and of the output."""
    layers = [name for name in names if name.startswith("blk.")]
    experts = [name for name in layers if is_expert(name)]
    output = "output.weight" if "output.weight" in sizes else "token_embd.weight"
    return (
        max((sizes[name] for name in experts), default=0) / MIB,
        max((sizes[name] for name in layers), default=0) / MIB,
        sizes[output] / MIB if output in names else 0,
    )


def _stated(case: Case, asked: LlamaCppConfiguration, placed: Sequence[int]) -> Weights | None:
    """A total of all GPUs is shared out by layers."""
    if case.weights.gpu_mib is None:
        return None
    on_gpus = [device for device in placed if device != CPU]
    by_device = {
        device: exactly(case.weights.gpu_mib * on_gpus.count(device) / max(1, len(on_gpus)))
        for device in range(len(asked.devices))
    }
    return Weights({**by_device, CPU: exactly(case.weights.ram_mib or 0.0)})
