"""Bytes that the moments of one graph need at once; the compute buffer is as large as the largest.

Notation of the arguments: `tokens` is the micro-batch, `width` the embedding's length, `widths`
how many rows of that length live at that moment (a fact of the build, see profiles/). Every
activation is f32 (4 bytes). Checked against a null CUDA device of llama.cpp 0c1e57098b and
against the reserve of Debian's build 11669 (profiles/llamacpp_b11669.py).
"""

FLOAT_BYTES = 4
F16_BYTES = 2


def rows_bytes(elements: float, tokens: int) -> float:
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


def feed_forward_elements(hidden: int, gated: bool) -> int:
    """Gate, up and their product; without a gate the activation takes the place of its input."""
    return (3 if gated else 1) * hidden


def expert_elements(used: int, hidden: int) -> int:
    """Gate, up and product of every expert a token uses; the answers take the gates' place."""
    return 3 * used * hidden


def expert_outputs_elements(used: int, hidden: int, width: int) -> int:
    """On a CPU, where no kernel sums them as they come: the experts' answers, or 0 where they fit
    into what gate and up left.
    """
    return used * width if 2 * hidden < width else 0


def kept_expert_elements(used: int, hidden: int, width: int) -> int:
    """The same where the experts' answers are kept until they are summed.

    CUDA weighs and sums them in one kernel, which reads the answers and writes the weighed ones
    (ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_match_moe_weighted_reduction). Each of the two goes
    where the gates were, if it fits there, or the gates fit where two rows were.
    """
    gates, answers = 3 * used * hidden, used * width
    if answers <= 2 * used * hidden or used * hidden < 2 * width:
        return max(gates, 2 * answers)
    return gates + (1 if answers <= gates else 2) * answers


def all_expert_elements(used: int, hidden: int, width: int) -> int:
    """Gates and both answers, where nothing fits into another's place."""
    return 3 * used * hidden + 2 * used * width


def delta_net_elements(
    channels: int, inner: int, state: float, convolution: float, place: int
) -> float:
    """Gated delta net: the channels before and after the convolution, and both states.

    States that sequences bring (src/models/delta-net-base.cpp, build_rs) count per token of the
    micro-batch. One that is larger than the free `place` keeps the convolution's input from being
    given up, and one larger than the output cannot be put where the channels were.
    """
    if state <= place:
        return 2 * channels + state
    if state <= inner and (place or state < inner):
        return 3 * channels + convolution
    return 2 * channels + convolution + max(2 * channels, 2 * state + inner)


def all_delta_net_elements(channels: int, inner: int, state: float, convolution: float) -> float:
    """The same where nothing fits into another's place: the channels before, in and after the
    convolution and normed, the gate, the old states, and the output with the new ones.
    """
    return 4 * channels + convolution + 2 * (state + inner)


def logits_elements(vocabulary: int, width: int, widths: int) -> int:
    """A number for each word, and the rows it comes from."""
    return vocabulary + widths * width
