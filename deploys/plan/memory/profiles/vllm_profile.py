"""What differs between versions of vLLM, as far as memory is concerned."""

from dataclasses import dataclass

from deploys.plan.memory.estimate import Range


@dataclass(frozen=True)
class VllmProfile:
    """Facts of one version; sizes in GiB per GPU."""

    name: str
    groups_layers: bool
    """Kinds of layers share one pool in groups (V1), else every layer caches everything."""
    bytes_per_logit: int
    outside_gib: Range
    """Taken outside PyTorch beside the context: libraries' kernels, buffers of NCCL."""
    fabric_outside_gib: Range
    """The same of each of several GPUs that NVLink's switches join."""
    graphs_gib: Range
    """Subtracted from the pool for CUDA graphs."""
    counts_concurrency: bool
    """"GPU KV cache size" is concurrency times length, else blocks of one group."""
    context_in_budget: bool
    """The context of the process counts as taken from the pool."""
    chunked_prefill: bool
    """Batches are limited by max_num_batched_tokens, else as long as the longest request."""
