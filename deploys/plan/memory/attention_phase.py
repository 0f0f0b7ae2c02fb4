"""Attention's part of llama.cpp's compute buffer, or that of its recurrent stand-in."""

from deploys.catalogue.architecture import Recurrent
from deploys.plan.memory import compute_phases, ggml_types, kv_cache, kv_cells, recurrent_layer
from deploys.plan.memory.graph_part import Part
from deploys.plan.memory.layers import LayerKind, keeps_rows


def mask_bytes(part: Part, kind: LayerKind) -> int:
    """The mask of all layers of a kind, which share it."""
    asked, per_cell = part.asked, part.profile.mask_bytes_per_cell
    if not asked.flash_attention:
        # The f32 mask is used as it is.
        per_cell = compute_phases.FLOAT_BYTES
    if kind is LayerKind.ENCODER:
        # Whatever the sequences: all tokens of the micro-batch are each other's cells.
        cells = asked.micro_batch_tokens
        return compute_phases.mask_bytes(cells, cells, per_cell)
    if not keeps_rows(kind):
        return 0
    cells = kv_cache.cells_of(part.shape, kind, asked, part.profile)
    streams = kv_cells.streams(asked.sequences, asked.unified)
    tokens = asked.micro_batch_tokens // streams
    return compute_phases.mask_bytes(cells * streams, max(1, tokens), per_cell)


def mixer_bytes(part: Part, kind: LayerKind, upper: bool) -> float:
    """Everything of one layer's attention but the mask; 0 for a feed-forward part alone."""
    if kind is LayerKind.STATELESS:
        return 0
    tokens = part.asked.micro_batch_tokens
    if kind is LayerKind.RECURRENT and part.shape.recurrent:
        elements = _delta_net(part, part.shape.recurrent, upper)
        return compute_phases.rows_bytes(elements, tokens)
    elements = _attention(part, kind) + (part.shape.embedding_length if upper else 0)
    needed = compute_phases.rows_bytes(elements, tokens) + large_bytes(part, kind)
    if upper and not part.asked.flash_attention:
        # Capped scores (Gemma 2) are a second tensor, and others may find no place to be reused.
        needed += large_bytes(part, kind)
    return needed + _latent_extra(part, kind)


def large_bytes(part: Part, kind: LayerKind) -> int:
    """What grows with the context: scores, or the f16 copies that flash attention reads."""
    if part.asked.flash_attention or not (keeps_rows(kind) or kind is LayerKind.ENCODER):
        return copied_bytes(part, kind)
    if kind is LayerKind.ENCODER:
        cells = part.asked.micro_batch_tokens
    else:
        cells = kv_cache.cells_of(part.shape, kind, part.asked, part.profile)
    return compute_phases.scores_bytes(cells, part.asked.micro_batch_tokens, part.shape.heads)


def left_bytes(part: Part, kind: LayerKind) -> float:
    """What a layer's largest numbers may keep from being used by its feed-forward part."""
    recurrent, tokens = part.shape.recurrent, part.asked.micro_batch_tokens
    if recurrent is None or kind is LayerKind.STATELESS:
        return large_bytes(part, kind)
    if kind is LayerKind.RECURRENT:
        elements = _channels(recurrent) + recurrent.inner_length
        return compute_phases.rows_bytes(elements, tokens)
    queries = compute_phases.rows_bytes(query_elements(part, kind), tokens)
    return large_bytes(part, kind) + queries


def _channels(recurrent: Recurrent) -> int:
    return recurrent.inner_length + 2 * recurrent.groups * recurrent.state_length


def _latent_extra(part: Part, kind: LayerKind) -> float:
    """MLA's values are a view of the keys: without flash attention they are transposed into a copy
    (src/llama-graph.cpp, build_attn_mha), and beside f16 copies the result finds no free place.
    """
    latent = part.shape.latent_attention
    if latent is None or part.profile.latent_cache != "keys":
        return 0
    if part.asked.flash_attention:
        result = part.shape.heads * latent.kv_rank if copied_bytes(part, kind) else 0
        return compute_phases.rows_bytes(result, part.asked.micro_batch_tokens)
    cells = kv_cache.cells_of(part.shape, kind, part.asked, part.profile)
    cells *= kv_cells.streams(part.asked.sequences, part.asked.unified)
    return cells * ggml_types.size_bytes(part.asked.key_type, latent.kv_rank)


def copied_bytes(part: Part, kind: LayerKind) -> int:
    """The f16 copy of one layer's cache that CUDA's flash attention reads."""
    asked, profile = part.asked, part.profile
    # A CPU's kernels read a quantised cache as it is.
    if part.in_ram or not keeps_rows(kind):
        return 0
    if not (profile.dequantised_in_graph and asked.flash_attention):
        return 0
    cells = kv_cache.cells_of(part.shape, kind, asked, profile)
    streams = kv_cells.streams(asked.sequences, asked.unified)
    rows = kv_cache.copied_rows(part.shape, kind, asked, profile)
    return compute_phases.dequantised_bytes(cells, streams, *rows)


def query_elements(part: Part, kind: LayerKind) -> int:
    """Of one token's queries."""
    window = part.shape.sliding_window if kind is LayerKind.WINDOW else None
    return part.shape.heads * ((window.key_length if window else None) or part.shape.key_length)


def _attention(part: Part, kind: LayerKind) -> int:
    shape, profile = part.shape, part.profile
    width, latent = shape.embedding_length, shape.latent_attention
    if latent:
        heads = compute_phases.latent_attention_elements(
            shape.heads,
            latent.kv_rank,
            latent.rope_length,
            latent.nope_length,
            profile.latent_ropes,
        )
        return heads + 4 * width
    queries = query_elements(part, kind)
    if part.layout.gated_attention:
        return compute_phases.gated_attention_elements(queries, width, profile.residual_widths)
    spared = profile.residual_widths - part.widths
    return compute_phases.attention_elements(queries, width, profile.attention_widths - spared)


def _delta_net(part: Part, recurrent: Recurrent, upper: bool) -> float:
    inner, channels = recurrent.inner_length, _channels(recurrent)
    states = recurrent_layer.states_bytes(recurrent, part.asked.sequences)
    per_token = compute_phases.FLOAT_BYTES * part.asked.micro_batch_tokens
    convolution, state = (size / per_token for size in states)
    width = part.shape.embedding_length
    rows = (part.profile.residual_widths - part.starts_from_copies) * width
    if upper:
        rows = part.profile.residual_widths * width
        return rows + compute_phases.all_delta_net_elements(channels, inner, state, convolution)
    # Rows that come from other devices leave no place for the states.
    place = 0 if part.is_shared_out else width
    return rows + compute_phases.delta_net_elements(channels, inner, state, convolution, place)
