"""llama.cpp's compute buffer of one device: the largest phase of its part of the graph."""

from dataclasses import dataclass

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory import compute_phases, kv_cache, kv_cells, pipeline_copies
from deploys.plan.memory.configuration import LlamaCppConfiguration
from deploys.plan.memory.estimate import MIB, Range
from deploys.plan.memory.ggml_types import is_quantized
from deploys.plan.memory.layers import LayerKind, keeps_rows, layer_kinds
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile
from deploys.plan.memory.tensor_layouts import LAYOUTS

# Numbers, positions and places in the cache of one token; measured with build 11669 on a CPU, where
# 10 starts with 64 to 512 tokens at once differed by 26 to 36 bytes for each.
INPUT_BYTES_PER_TOKEN = 32
# The rules fell short of llama.cpp 0c1e57098b's own reserve by up to 2.7 % in 17 of 640 runs on a
# null CUDA device (Homeport's field study of November 2026).
UPPER_FACTOR = 1.03


@dataclass(frozen=True)
class Part:
    """What of the graph one device computes."""

    layers: tuple[int, ...]
    has_output: bool
    is_first: bool = True
    copies: int = 1
    """Of every input, for pipelining; 1: none."""
    borrowed_bytes: int = 0
    """The largest tensor that is copied here from RAM to be computed with."""
    in_ram: bool = False
    """There are no GPUs: inputs and embeddings are in the same buffer."""


def compute_buffer(
    shape: Architecture, asked: LlamaCppConfiguration, profile: LlamaCppProfile, part: Part
) -> Range:
    """MiB, expected and upper."""
    expected = _bytes(shape, asked, profile, part, upper=False)
    upper = max(expected, _bytes(shape, asked, profile, part, upper=True))
    return Range(expected / MIB, upper * UPPER_FACTOR / MIB)


def _bytes(
    shape: Architecture,
    asked: LlamaCppConfiguration,
    profile: LlamaCppProfile,
    part: Part,
    upper: bool,
) -> float:
    if not part.layers and not part.has_output:
        return 0
    every = layer_kinds(shape)
    kinds = sorted({every[layer] for layer in part.layers})
    masks = sum(_mask(shape, kind, asked, profile) for kind in kinds)
    rows = profile.first_gpu_rows if part.is_first else profile.later_gpu_rows
    # Two GPUs were found short by a row, and without flash attention by copies of the mask.
    spare = masks * (part.copies - 1) if upper and not asked.flash_attention else 0
    copies = masks + spare + _copies(shape, asked, masks, part, rows + upper)
    copies += _inputs(shape, asked) if part.in_ram else 0
    phases = [copies + _feed_forward(shape, asked, profile, part, upper)] if kinds else [0.0]
    phases += [copies + _mixer(shape, kind, asked, profile, part) for kind in kinds]
    if part.has_output:
        lives = masks if profile.mask_lives_on or part.copies > 1 else 0
        rows = pipeline_copies.LOGITS_ROWS + upper
        lives += spare + _copies(shape, asked, masks, part, rows)
        phases.append(lives + _logits(shape, asked, profile, part, upper))
    return max(phases)


def _inputs(shape: Architecture, asked: LlamaCppConfiguration) -> int:
    """What a CPU keeps beside the rows of a GPU: embeddings, and a cache's rows to quantise."""
    rows = 2 if is_quantized(asked.key_type) else 1
    tokens = asked.micro_batch_tokens
    embeddings = compute_phases.rows_bytes(shape.embedding_length * rows, tokens)
    # Without flash attention V lies transposed: a place of 8 bytes for each of its numbers.
    places = 0 if asked.flash_attention else 8 * shape.kv_heads * shape.value_length
    return embeddings + (INPUT_BYTES_PER_TOKEN + places) * tokens


def _mask(
    shape: Architecture,
    kind: LayerKind,
    asked: LlamaCppConfiguration,
    profile: LlamaCppProfile,
) -> int:
    if not keeps_rows(kind):
        return 0
    per_cell = profile.mask_bytes_per_cell
    if not asked.flash_attention:
        # The f32 mask is used as it is.
        per_cell = compute_phases.FLOAT_BYTES
    cells = kv_cache.cells_of(shape, kind, asked, profile)
    tokens = asked.micro_batch_tokens // kv_cells.streams(asked.sequences, asked.unified)
    streams = kv_cells.streams(asked.sequences, asked.unified)
    return compute_phases.mask_bytes(cells * streams, max(1, tokens), per_cell)


def _mixer(
    shape: Architecture,
    kind: LayerKind,
    asked: LlamaCppConfiguration,
    profile: LlamaCppProfile,
    part: Part,
) -> float:
    """Attention or its recurrent stand-in."""
    tokens, width = asked.micro_batch_tokens, shape.embedding_length
    if kind is LayerKind.RECURRENT and shape.recurrent:
        recurrent = shape.recurrent
        channels = recurrent.inner_length + 2 * recurrent.groups * recurrent.state_length
        state = recurrent.inner_length * recurrent.state_length * asked.sequences
        widths = profile.residual_widths
        elements = compute_phases.delta_net_elements(channels, width, widths)
        return compute_phases.rows_bytes(elements, tokens) + compute_phases.rows_bytes(state, 1)
    if kind is LayerKind.STATELESS:
        return 0
    needed: float = compute_phases.rows_bytes(_attention(shape, kind, profile), tokens)
    cells = kv_cache.cells_of(shape, kind, asked, profile)
    streams = kv_cells.streams(asked.sequences, asked.unified)
    if not asked.flash_attention:
        needed += compute_phases.scores_bytes(cells, tokens, shape.heads)
    elif profile.dequantised_in_graph and is_quantized(asked.key_type) and not part.in_ram:
        # A CPU's kernels read a quantised cache as it is.
        rows = kv_cache.cache_rows(shape, kind, profile)
        needed += compute_phases.dequantised_bytes(cells, streams, *rows)
    return needed


def _attention(shape: Architecture, kind: LayerKind, profile: LlamaCppProfile) -> int:
    width = shape.embedding_length
    latent = shape.latent_attention
    if latent:
        heads = compute_phases.latent_attention_elements(
            shape.heads,
            latent.kv_rank,
            latent.rope_length,
            latent.nope_length,
            profile.latent_ropes,
        )
        return heads + 4 * width
    window = shape.sliding_window if kind is LayerKind.WINDOW else None
    queries = shape.heads * ((window.key_length if window else None) or shape.key_length)
    layout = LAYOUTS.get(shape.name)
    if layout and layout.gated_attention:
        return compute_phases.gated_attention_elements(queries, width, profile.residual_widths)
    return compute_phases.attention_elements(queries, width, profile.attention_widths)


def _feed_forward(
    shape: Architecture,
    asked: LlamaCppConfiguration,
    profile: LlamaCppProfile,
    part: Part,
    upper: bool,
) -> float:
    width, widths = shape.embedding_length, profile.residual_widths
    experts = shape.experts
    elements = compute_phases.feed_forward_elements(shape.feed_forward_length, width, widths)
    if experts:
        hidden, used = experts.feed_forward_length, experts.used
        routed = compute_phases.expert_elements(used, hidden, width, widths)
        if profile.expert_outputs_apart or upper:
            routed += compute_phases.expert_outputs_elements(used, hidden, width)
        dense = min(part.layers) < experts.leading_dense_layers
        elements = max(routed, elements) if dense else routed
    return compute_phases.rows_bytes(elements, asked.micro_batch_tokens) + part.borrowed_bytes


def _logits(
    shape: Architecture,
    asked: LlamaCppConfiguration,
    profile: LlamaCppProfile,
    part: Part,
    upper: bool,
) -> int:
    widths = profile.upper_logits_widths if upper else profile.logits_widths
    if part.copies > 1:
        # The rows that would still live are among the copies.
        widths = 1
    tokens = asked.micro_batch_tokens
    rows = tokens if profile.logits_for_all_tokens else min(tokens, asked.sequences)
    words = compute_phases.rows_bytes(shape.vocabulary_size, rows)
    hidden = compute_phases.logits_elements(0, shape.embedding_length, widths)
    return words + compute_phases.rows_bytes(hidden, tokens)


def _copies(
    shape: Architecture, asked: LlamaCppConfiguration, masks: int, part: Part, rows: int
) -> int:
    """What pipelining adds; one copy of the mask is counted already."""
    if part.copies < 2:
        return 0
    row = compute_phases.rows_bytes(shape.embedding_length, asked.micro_batch_tokens)
    return pipeline_copies.copies_bytes(part.copies, masks, row, rows) - masks
