"""Weights of a model on one GPU in vLLM: safetensors keep the tensors of the model, not GGML's."""

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.quantization_mix import is_quantizable
from deploys.plan.memory.tensors import Tensor, tensors_of

# Bytes per weight of the matrices; embeddings, output, norms and routers keep 2 bytes.
# 4-bit formats carry a 2-byte scale per 128 weights (AWQ and GPTQ also a 4-bit zero), NVFP4 a byte
# per 16 (OCP MX and NVIDIA's format descriptions), MXFP4 a byte per 32, bitsandbytes a 4-byte
# absmax per 64.
BYTES_PER_WEIGHT = {
    "BF16": 2.0,
    "FP16": 2.0,
    "F16": 2.0,
    "FP8": 1.0,
    "W8A8": 1.0,
    "INT8": 1.0,
    "W4A16": 0.5 + 2 / 128,
    "AWQ": 0.5 + 2.5 / 128,
    "GPTQ": 0.5 + 2.5 / 128,
    "BITSANDBYTES": 0.5 + 4 / 64,
    "4-BIT": 0.5 + 2.5 / 128,
    "NVFP4": 0.5 + 1 / 16,
    "MXFP4": 0.5 + 1 / 32,
}
HALF_BYTES = 2
# The vocabulary is padded to it (vllm/model_executor/layers/vocab_parallel_embedding.py).
VOCABULARY_STEP = 64


def weights_bytes(
    shape: Architecture, quantization: str, tensor_parallel: int
) -> tuple[float, float] | str:
    """(expected, upper) bytes on each GPU, or why they are not known.

    Some checkpoints quantise the feed-forward part alone; the upper bound counts on it.
    """
    tensors = tensors_of(shape)
    if tensors is None:
        return f"the tensors of architecture {shape.name} are not described"
    per_weight = BYTES_PER_WEIGHT.get(quantization.strip().upper())
    if per_weight is None:
        return f"quantisation {quantization!r} is not known"
    # A vision tower is small and runs whole on every GPU.
    tower = shape.vision.weights_bytes if shape.vision else 0
    expected = upper = float(tower)
    for tensor in tensors:
        expected += _tensor_bytes(tensor, per_weight, tensor_parallel, shape)
        kept = per_weight if ".ffn_" in tensor.name else float(HALF_BYTES)
        upper += _tensor_bytes(tensor, kept, tensor_parallel, shape)
    return expected, upper


def _tensor_bytes(
    tensor: Tensor, per_weight: float, tensor_parallel: int, shape: Architecture
) -> float:
    if tensor.name in ("token_embd.weight", "output.weight"):
        vocabulary = -(-shape.vocabulary_size // VOCABULARY_STEP) * VOCABULARY_STEP
        return tensor.shape[0] * vocabulary * HALF_BYTES / tensor_parallel
    if not is_quantizable(tensor):
        return tensor.elements * HALF_BYTES
    return tensor.elements * per_weight / divisor(tensor.name, tensor_parallel, shape)


def divisor(name: str, tensor_parallel: int, shape: Architecture) -> float:
    """Over how many GPUs a matrix is spread; kv heads and latent inputs are whole."""
    if "attn_k.weight" in name or "attn_v.weight" in name:
        return min(tensor_parallel, shape.kv_heads)
    if "attn_q_a." in name or "attn_kv_a_mqa." in name:
        return 1
    return tensor_parallel
