"""Weights on the GPUs of one host, where several hosts share a model's layers."""

from collections.abc import Iterator, Sequence

from deploys.catalogue.architecture import Architecture
from deploys.catalogue.model import Model
from deploys.plan.memory.pipeline import layers_of
from deploys.plan.memory.tensors import Tensor, tensors_of
from deploys.plan.memory.vllm_weights import BYTES_PER_WEIGHT, HALF_BYTES, divisor
from deploys.plan.search.model_weights import safetensors_gpu_mib


def stage_gpu_mib(model: Model, tensor_parallel: int, stage: int, stages: int) -> float | None:
    """MiB on each GPU of one pipeline stage; None: how they are divided is not known."""
    whole = safetensors_gpu_mib(model, tensor_parallel)
    if whole is None or stages == 1 or model.architecture is None:
        return whole
    share = _share(model.architecture, model.quantization, tensor_parallel, stage, stages)
    return None if share is None else whole * share


def _share(
    shape: Architecture, quantization: str, tensor_parallel: int, stage: int, stages: int
) -> float | None:
    """What the stage holds of what one stage would."""
    tensors, per_weight = tensors_of(shape), BYTES_PER_WEIGHT.get(quantization.strip().upper())
    if tensors is None or per_weight is None:
        return None

    def held(some: Sequence[Tensor]) -> float:
        sizes = (_bytes(one, per_weight, tensor_parallel, shape) for one in some)
        # A vision tower is counted in each stage, though the last ones may leave it out.
        return sum(sizes) + (shape.vision.weights_bytes if shape.vision else 0)

    return held(list(_of_stage(tensors, shape, stage, stages))) / held(tensors)


def _bytes(tensor: Tensor, per_weight: float, tensor_parallel: int, shape: Architecture) -> float:
    if not tensor.name.startswith("blk."):
        per_weight = HALF_BYTES
    return tensor.elements * per_weight / divisor(tensor.name, tensor_parallel, shape)


def _of_stage(
    tensors: Sequence[Tensor], shape: Architecture, stage: int, stages: int
) -> Iterator[Tensor]:
    """The first stage has the embeddings, the last the output, and the embeddings too where those
    are it (make_layers and PPMissingLayer of vllm/model_executor/models/utils.py).
    """
    layers, last = layers_of(shape.layers, stage, stages), stage == stages - 1
    for tensor in tensors:
        if tensor.name.startswith("blk."):
            is_own = int(tensor.name.split(".")[1]) in layers
        elif tensor.name == "token_embd.weight":
            is_own = stage == 0 or (last and shape.tied_embeddings)
        else:
            is_own = last
        if is_own:
            yield tensor
