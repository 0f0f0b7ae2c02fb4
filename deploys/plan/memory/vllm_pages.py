"""How vLLM divides its KV pool into blocks, and how many tokens fit.

From vLLM 0.33.0: vllm/v1/core/kv_cache_utils.py (groups, concurrency),
vllm/v1/kv_cache_interface.py (page sizes), vllm/platforms/interface.py (blocks of
hybrids).
"""

# CacheConfig.DEFAULT_BLOCK_SIZE; blocks of hybrids grow in steps of it.
BLOCK_TOKENS = 16
# The convolution's state keeps the model's bf16.
CONVOLUTION_BYTES = 2


def heads_per_gpu(heads: int, tensor_parallel: int) -> int:
    """A head is never divided: with more GPUs than heads each keeps a whole one."""
    return max(1, heads // tensor_parallel)


def row_bytes(heads: int, key: int, value: int, number_bytes: int) -> int:
    """Keys and values of one token in one layer on one GPU."""
    return heads * (key + value) * number_bytes


def state_page_bytes(convolution: int, state: int, state_bytes: int, tensor_parallel: int) -> int:
    """Both states of one request in one recurrent layer on one GPU."""
    return (convolution * CONVOLUTION_BYTES + state * state_bytes) // tensor_parallel


def hybrid_block(state_page: int, row: int) -> int:
    """Tokens per block such that a block of keys and values holds a state."""
    return -(-state_page // (row * BLOCK_TOKENS)) * BLOCK_TOKENS


def group_size(counts: list[int]) -> int:
    """Layers per group: the smallest kind's count, unless the kinds are about as many."""
    return max(counts) if max(counts) < min(counts) * 1.25 else min(counts)


def groups(count: int, size: int) -> int:
    """Groups of one kind; the last one is filled up."""
    return -(-count // size)


def full_blocks(length: int, block: int) -> int:
    """Blocks of one request in a group that sees everything."""
    return -(-length // block)


def window_blocks(length: int, window: int, in_flight: int, block: int) -> int:
    """Blocks of one request in a group that looks back `window` tokens."""
    return -(-min(window - 1 + in_flight, length) // block) + 1


def pool_blocks(pool_bytes: float, block: int, row: int, layers: int) -> int:
    """Blocks of a pool; one block spans the layers of a group."""
    return int(pool_bytes // (block * row * layers))


def concurrency(blocks: int, per_request: int) -> float:
    """Requests of the greatest length that fit at once."""
    return blocks / per_request
