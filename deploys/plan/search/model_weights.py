"""A model's weights as the estimator asks for them, from its entry in the catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model
from deploys.catalogue.weight_facts import WeightFacts
from deploys.plan.memory.configuration import Case, KnownWeights
from deploys.plan.memory.estimate import MIB
from deploys.plan.memory.vllm_weights import weights_bytes
from deploys.plan.memory.weights import is_expert, tensor_sizes


def files_bytes(model: Model) -> int:
    """The weights' files, without configuration and tokenizer of safetensors."""
    suffix = f".{model.format}"
    weights = [file.size_bytes for file in model.files if file.name.endswith(suffix)]
    return sum(weights) or sum(file.size_bytes for file in model.files)


def disk_mib(model: Model) -> float:
    """All that a host keeps of it."""
    projector = model.projector.size_bytes if model.projector else 0
    return (sum(file.size_bytes for file in model.files) + projector) / MIB


def gguf_weights(model: Model) -> KnownWeights:
    """Bytes by tensor: as the header lists them, else by the rules of its quantization, scaled to
    the file; none where there are no rules.
    """
    if model.architecture is None:
        return KnownWeights(gpu_mib=files_bytes(model) / MIB)
    if model.weights is not None:
        return KnownWeights(tensor_bytes=dict(_from_facts(model.weights)))
    ruled = _ruled(model.architecture, model.quantization)
    return KnownWeights(tensor_bytes=_scaled(ruled, files_bytes(model)) if ruled else {})


@cache
def _ruled(shape: Architecture, quantization: str) -> Mapping[str, int] | None:
    sizes = tensor_sizes(Case("", "llamacpp", "pinned", quantization, shape, None))
    return None if isinstance(sizes, str) else _joined(sizes)


def _from_facts(facts: WeightFacts) -> Iterator[tuple[str, int]]:
    yield "token_embd.weight", facts.token_embedding_bytes
    if facts.output_bytes:
        yield "output.weight", facts.output_bytes
    yield "output_norm.weight", facts.other_bytes
    for part, sizes, largest in (
        ("part", facts.layer_bytes, _largest_layers(facts)),
        ("part_exps", facts.expert_bytes, _largest_experts(facts)),
    ):
        for layer, size in enumerate(sizes):
            yield from _pieces(f"blk.{layer}.{part}", size, largest[layer])


def _largest_layers(facts: WeightFacts) -> Sequence[int]:
    """By block; of an entry from before it was read the model's, which no layer's passes."""
    return facts.layer_largest_bytes or (facts.largest_tensor_bytes,) * len(facts.layer_bytes)


def _largest_experts(facts: WeightFacts) -> Sequence[int]:
    return facts.expert_largest_bytes or (facts.largest_expert_bytes,) * len(facts.expert_bytes)


def _pieces(name: str, size: int, largest: int) -> Iterator[tuple[str, int]]:
    """As large as the largest tensor, and a rest: of those in RAM one at a time visits a GPU."""
    step = largest or size
    for number, start in enumerate(range(0, size, max(1, step))):
        yield f"{name}.{number}", min(step, size - start)


def _joined(sizes: Mapping[str, int]) -> dict[str, int]:
    """Per layer, and in it per side of the experts, the largest tensor and all others together:
    whether something fits asks no more, and is asked hundreds of times.
    """
    joined: dict[str, int] = {}
    for name, size in sizes.items():
        if not name.startswith("blk."):
            joined[name] = size
            continue
        side = "_exps" if is_expert(name) else ""
        layer = name.split(".")[1]
        largest, others = f"blk.{layer}.largest{side}.weight", f"blk.{layer}.others{side}.weight"
        before = joined.get(largest, 0)
        joined[largest] = max(before, size)
        joined[others] = joined.get(others, 0) + min(before, size)
    return joined


def _scaled(sizes: Mapping[str, int], size: int) -> dict[str, int]:
    factor = size / sum(sizes.values())
    return {name: round(one * factor) for name, one in sizes.items()}


def safetensors_gpu_mib(model: Model, tensor_parallel: int) -> float | None:
    """Weights on each GPU; None: how they are divided is not known."""
    shape, facts = model.architecture, model.weights
    if shape is None:
        return None
    if facts is not None and facts.spread:
        return _spread_bytes(facts, tensor_parallel, shape.kv_heads) / MIB
    size = files_bytes(model)
    if tensor_parallel == 1:
        return size / MIB
    one = weights_bytes(shape, model.quantization, 1)
    several = weights_bytes(shape, model.quantization, tensor_parallel)
    if isinstance(one, str) or isinstance(several, str):
        return None
    return size * several[1] / one[1] / MIB


def _spread_bytes(facts: WeightFacts, tensor_parallel: int, kv_heads: int) -> float:
    over = {
        "vocabulary": tensor_parallel,
        "shards": tensor_parallel,
        "experts": tensor_parallel,
        "kv_heads": min(tensor_parallel, kv_heads),
    }
    # Draft layers are not loaded: the plan asks for none.
    parts = [part for part in facts.spread if part.spread != "draft"]
    return sum(part.size_bytes / over.get(part.spread, 1) for part in parts)


def embedding_bytes(model: Model) -> int:
    """Of the token embeddings, of which a token reads one row; 0 where they are the output too."""
    shape, facts = model.architecture, model.weights
    if shape is None or shape.tied_embeddings:
        return 0
    if facts is not None:
        return facts.token_embedding_bytes if facts.output_bytes else 0
    return shape.vocabulary_size * shape.embedding_length * 2
