"""How fast one request of a planned replica can be answered at most, with an empty cache.

Each memory is read once for each token: GPUs that split layers take turns, GPUs that share layers
read at the same time, and what lies in RAM comes on top.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from deploys.catalogue.architecture import Architecture
from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.gpu_catalogue import CatalogueGpu, find_gpu
from deploys.plan.memory.layer_placement import CPU, devices_of_layers
from deploys.plan.memory.tensors import tensors_of
from deploys.plan.memory.weights import device_of, is_expert
from deploys.plan.search.alternatives import Alternative
from deploys.plan.search.gpus import UsableGpu
from deploys.plan.search.model_weights import embedding_bytes, safetensors_gpu_mib
from deploys.plan.search.rooms import Seat
from deploys.plan.speed import Speed, bounded, seconds_per_token

MIB = 2**20


def replica_speed(
    alternative: Alternative, seat: Seat, ram_gb_per_second: float | None
) -> Speed | None:
    """The bound and the usual band; None where a bandwidth is not known."""
    shape, arguments = alternative.model.architecture, seat.fit.arguments
    known = [find_gpu(gpu.kind.name) for gpu in seat.gpus]
    entries = [entry for entry in known if entry is not None]
    if shape is None or arguments is None or not entries or len(entries) < len(seat.gpus):
        return None
    if isinstance(arguments, VllmArguments):
        seconds = _in_parallel(alternative, shape, arguments, seat.gpus[0], entries[0])
    else:
        sizes = alternative.gguf_weights.tensor_bytes
        read = read_bytes(shape, arguments, sizes, len(seat.gpus))
        seconds = _in_turn(read, seat.gpus, entries, ram_gb_per_second)
    # The slowest kind of memory sets the usual share: GDDR comes nearer to its bound than HBM.
    classes = {entry.memory_class for entry in entries}
    return bounded(seconds, "hbm" if "hbm" in classes else "gddr") if seconds else None


def read_bytes(
    shape: Architecture, arguments: LlamaCppArguments, sizes: Mapping[str, int], gpus: int
) -> dict[int, float]:
    """Bytes that one token reads, by GPU index (-1: RAM); of the experts those it uses."""
    shares = arguments.tensor_split or (1.0,) * gpus
    placed = devices_of_layers(shape.layers, arguments.gpu_layers, shares)
    experts = shape.experts
    used = experts.used / experts.count if experts else 1.0
    read: defaultdict[int, float] = defaultdict(float)
    for name, size in sizes.items():
        if name == "token_embd.weight":
            # One row of it is read; where it is the output too, all of it, there.
            read[placed[-1]] += size if shape.tied_embeddings else 0
        elif not _is_draft(name, shape.layers):
            device = device_of(name, placed, arguments.experts_on_cpu)
            read[device] += size * (used if is_expert(name) else 1)
    return dict(read)


def _is_draft(name: str, layers: int) -> bool:
    return name.startswith("blk.") and int(name.split(".")[1]) >= layers


def _in_turn(
    read: Mapping[int, float],
    gpus: Sequence[UsableGpu],
    entries: Sequence[CatalogueGpu],
    ram_gb_per_second: float | None,
) -> float | None:
    seconds = 0.0
    for index, size in read.items():
        if index == CPU:
            if size and ram_gb_per_second is None:
                return None
            seconds += seconds_per_token(size, ram_gb_per_second) if ram_gb_per_second else 0
        else:
            seconds += seconds_per_token(size, _bandwidth(gpus[index], entries[index]))
    return seconds


def _bandwidth(gpu: UsableGpu, entry: CatalogueGpu) -> float:
    """A MIG slice has its part of the card's."""
    return entry.bandwidth_gb_per_second * gpu.kind.memory_share


def _in_parallel(
    alternative: Alternative,
    shape: Architecture,
    arguments: VllmArguments,
    gpu: UsableGpu,
    entry: CatalogueGpu,
) -> float | None:
    """Each GPU reads its own part; what it holds of the token embeddings is not read."""
    model, shared = alternative.model, arguments.tensor_parallel
    weights = safetensors_gpu_mib(model, shared)
    if weights is None:
        return None
    tower = shape.vision.weights_bytes if shape.vision else 0
    held = weights * MIB - embedding_bytes(model) / shared - tower
    experts = shape.experts
    unused = 1 - experts.used / experts.count if experts else 0.0
    read = held * (1 - unused * _expert_part(alternative, shape))
    return seconds_per_token(read, _bandwidth(gpu, entry))


def _expert_part(alternative: Alternative, shape: Architecture) -> float:
    """Of all weights; where files do not say it, by count: quantised checkpoints keep the rest
    larger, which makes this too large and the bound too high, never too low.
    """
    facts = alternative.model.weights
    if facts is not None and facts.total_bytes:
        return sum(facts.expert_bytes) / facts.total_bytes
    tensors = tensors_of(shape) or ()
    every = sum(tensor.elements for tensor in tensors)
    routed = sum(tensor.elements for tensor in tensors if is_expert(tensor.name))
    return routed / every if every else 1.0
