"""What vLLM takes out of its share of the GPU before the KV pool gets the rest (GiB and bytes)."""

# Activations are bf16 or f16.
HALF_BYTES = 2


def budget_gib(total: float, utilisation: float) -> float:
    """gpu_memory_utilization is a share of all that CUDA sees, not of what is free."""
    return total * utilisation


def dense_activation_bytes(tokens: int, hidden: int, width: int, tensor_parallel: int) -> float:
    """One layer's feed-forward part over a whole batch of tokens (LlamaMLP of
    vllm/model_executor/models/llama.py: gate and up, their product, and the residual rows).
    """
    return tokens * (3 * hidden / tensor_parallel + 3 * width) * HALF_BYTES


def expert_activation_bytes(
    tokens: int, used: int, hidden: int, width: int, tensor_parallel: int
) -> float:
    """The fused kernel's two caches and the rows around them (fused_moe.py,
    intermediate_cache13 and intermediate_cache2).
    """
    part = hidden / tensor_parallel
    return tokens * (used * (max(2 * part, width) + part) + 3 * width) * HALF_BYTES


def sampler_bytes(sequences: int, vocabulary: int, bytes_per_logit: int) -> int:
    """The trial run samples for as many sequences as may run at once."""
    return sequences * vocabulary * bytes_per_logit


def pool_gib(budget: float, weights: float, activation: float, outside: float) -> float:
    """What is left for keys and values; negative: it does not start."""
    return budget - weights - activation - outside
