"""What an engine without GPUs keeps in its one compute buffer, and one with GPUs does not."""

from deploys.plan.memory import compute_phases
from deploys.plan.memory.ggml_types import is_quantized
from deploys.plan.memory.graph_part import Part

# Numbers, positions and places in the cache of one token; measured with build 11669 on a CPU, where
# 10 starts with 64 to 512 tokens at once differed by 26 to 36 bytes for each.
INPUT_BYTES_PER_TOKEN = 32


def inputs_bytes(part: Part) -> float:
    """What a CPU keeps beside the rows of a GPU: embeddings, and a cache's rows to quantise."""
    shape, asked = part.shape, part.asked
    rows = 2 if is_quantized(asked.key_type) else 1
    tokens = asked.micro_batch_tokens
    embeddings = compute_phases.rows_bytes(shape.embedding_length * rows, tokens)
    # Without flash attention V lies transposed: a place of 8 bytes for each of its numbers.
    places = 0 if asked.flash_attention else 8 * shape.kv_heads * shape.value_length
    return embeddings + (INPUT_BYTES_PER_TOKEN + places) * tokens
