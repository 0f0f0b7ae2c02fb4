"""Bytes that the moments of one graph need at once; the compute buffer is as large as the largest.

Notation of the arguments: `tokens` is the micro-batch, `width` the embedding's length, `widths`
how many rows of that length live at that moment (a fact of the build, see profiles/). Every
activation is f32 (4 bytes). Checked against a null CUDA device of llama.cpp 0c1e57098b and
against the reserve of Debian's build 11669 (profiles/llamacpp_b11669.py).
"""

FLOAT_BYTES = 4
F16_BYTES = 2


def rows_bytes(elements: int, tokens: int) -> int:
    """`elements` activations for each token."""
    return elements * tokens * FLOAT_BYTES


def mask_bytes(cells: int, tokens: int, bytes_per_cell: int) -> int:
    """The attention mask: a number for each pair of a token and a cell."""
    return cells * tokens * bytes_per_cell


def scores_bytes(cells: int, tokens: int, heads: int) -> int:
    """Without flash attention the scores of all heads stand in memory."""
    return cells * tokens * heads * FLOAT_BYTES


def dequantised_bytes(cells: int, streams: int, key_row: int, value_row: int) -> int:
    """The f16 copy of one layer's quantised cache that CUDA's flash attention reads."""
    return cells * streams * (key_row + value_row) * F16_BYTES


def attention_elements(queries: int, width: int, widths: int) -> int:
    """Queries and what comes out of attention, and the residual rows."""
    return 2 * queries + widths * width


def gated_attention_elements(queries: int, width: int, widths: int) -> int:
    """With a gate as wide as the queries beside them (Qwen3-Next, Qwen3.5)."""
    return 4 * queries + widths * width


def latent_attention_elements(heads: int, rank: int, rope: int, nope: int, ropes: int) -> int:
    """MLA: absorbed queries, the latent result and the split queries, for every head."""
    return heads * (2 * rank + ropes * rope + nope)


def feed_forward_elements(hidden: int, width: int, widths: int) -> int:
    """Gate, up and their product."""
    return 3 * hidden + widths * width


def expert_elements(used: int, hidden: int, width: int, widths: int) -> int:
    """Gate, up and product of every expert a token uses."""
    return 3 * used * hidden + widths * width


def expert_outputs_elements(used: int, hidden: int, width: int) -> int:
    """The experts' answers before they are summed; 0 where they fit into what gate and up left."""
    return used * width if 2 * hidden < width else 0


def delta_net_elements(channels: int, width: int, widths: int) -> int:
    """Gated delta net: the channels before and after the convolution."""
    return 2 * channels + widths * width


def logits_elements(vocabulary: int, width: int, widths: int) -> int:
    """A number for each word, and the rows it comes from."""
    return vocabulary + widths * width
