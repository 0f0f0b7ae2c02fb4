"""llama.cpp's compute buffer of one device: the largest phase of its part of the graph."""

from deploys.plan.memory import compute_phases, pipeline_copies, ram_copies
from deploys.plan.memory.attention_phase import (
    copied_bytes,
    left_bytes,
    mask_bytes,
    mixer_bytes,
    query_elements,
)
from deploys.plan.memory.estimate import MIB, Range
from deploys.plan.memory.feed_forward_phase import feed_forward_bytes
from deploys.plan.memory.graph_part import Part, kinds_of
from deploys.plan.memory.ram_inputs import inputs_bytes

# The rules for the worst case fell short of the pinned build's own reserve by up to 7 % in 3 of
# 2,600 random parts on a null CUDA device (tests/plan/oracle, seeds 1 to 4, 312 plans each).
UPPER_FACTOR = 1.08


def compute_buffer(part: Part) -> Range:
    """MiB, expected and upper.

    Where blocks of many sizes come and go, what is expected is that none fits into another's place.
    """
    largest = _bytes(part, upper=True)
    expected = largest if _is_mixed(part) else _bytes(part, upper=False)
    return Range(expected / MIB, max(expected, largest) * UPPER_FACTOR / MIB)


def _is_mixed(part: Part) -> bool:
    """Several devices compute layers that differ, or whose attention does not flash."""
    if not (part.profile.reuses_inputs and part.is_shared_out):
        return False
    plain = part.asked.flash_attention and not part.layout.parallel and not part.ram_layers
    return not plain or bool(part.shape.recurrent or part.shape.experts)


def _bytes(part: Part, upper: bool) -> float:
    if not part.layers and not part.ram_layers:
        return _logits_alone(part, upper) if part.has_output else 0
    kinds = kinds_of(part, part.layers + part.ram_layers)
    masks = sum(mask_bytes(part, kind) for kind in kinds)
    rows = part.profile.first_gpu_rows if part.is_first else part.profile.later_gpu_rows
    # Without flash attention two GPUs were found short by copies of the mask.
    spare = masks * (part.copies - 1) if upper and not part.asked.flash_attention else 0
    copies = masks + spare + _copies(part, masks, rows + upper)
    copies += inputs_bytes(part) if part.in_ram else 0
    feed_forward = feed_forward_bytes(part, upper)
    phases = [copies + feed_forward + _beside(part, upper)]
    phases += [copies + mixer_bytes(part, kind, upper) for kind in kinds]
    phases += [copies + size for size in _fetching(part, feed_forward, upper)]
    if part.has_output and not part.is_encoder:
        lives = masks if part.profile.mask_lives_on or part.copies > 1 else 0
        rows = pipeline_copies.LOGITS_ROWS + upper
        phases.append(lives + spare + _copies(part, masks, rows) + _logits(part, upper))
    return max(phases)


def _beside(part: Part, upper: bool) -> float:
    """Where attention stands beside the feed-forward part, its copies find no room in that part's
    memory: only the allocator's end is free (ggml/src/ggml-alloc.c, best fit by block).

    Elsewhere a row in between can have the same effect (upper).
    """
    if not part.layout.parallel and not upper:
        return 0
    kinds = kinds_of(part, part.layers + part.ram_layers)
    copied = [copied_bytes(part, kind) for kind in kinds]
    if not part.layout.parallel:
        return max(left_bytes(part, kind) for kind in kinds)
    # Several GPUs keep those of both kinds of layers.
    beside: float = sum(copied) if part.is_shared_out or upper else max(copied)
    if upper:
        queries = max(query_elements(part, kind) for kind in kinds)
        beside += compute_phases.rows_bytes(2 * queries, part.asked.micro_batch_tokens)
    return beside


def _fetching(part: Part, feed_forward: float, upper: bool) -> list[float]:
    """Phases of layers in RAM, whose caches and weights are copied here to be computed with.

    What a borrowed matrix or one layer's keys left is too small for what follows.
    """
    phases = []
    for kind in kinds_of(part, part.ram_layers):
        fetched = ram_copies.cache_bytes(part, kind)
        apart = ram_copies.values_apart_bytes(part, kind)
        lost = max(fetched) + part.borrowed_bytes
        phases.append(mixer_bytes(part, kind, upper) + sum(fetched) + apart + lost)
        if upper:
            phases.append(feed_forward + max(fetched))
    return phases


def _logits(part: Part, upper: bool) -> float:
    profile, shape = part.profile, part.shape
    widths = profile.upper_logits_widths if upper else profile.logits_widths
    if part.copies > 1:
        # The rows that would still live are among the copies.
        widths = 1
    words = compute_phases.rows_bytes(shape.vocabulary_size, part.output_rows)
    hidden = compute_phases.logits_elements(0, shape.embedding_length, widths)
    rows = compute_phases.rows_bytes(hidden, part.asked.micro_batch_tokens)
    return words + rows + part.borrowed_output_bytes


def _logits_alone(part: Part, upper: bool) -> float:
    """On a GPU that computes nothing else only the rows that want logits arrive.

    One row more found no place in 1 of 312 random plans (tests/plan/oracle, seed 7001).
    """
    widths = part.profile.logits_widths + upper
    elements = compute_phases.logits_elements(
        part.shape.vocabulary_size, part.shape.embedding_length, widths
    )
    return compute_phases.rows_bytes(elements, part.output_rows)


def _copies(part: Part, masks: int, rows: int) -> float:
    """What pipelining adds; one copy of the mask is counted already."""
    if part.copies < 2:
        return 0
    row = compute_phases.rows_bytes(part.shape.embedding_length, part.asked.micro_batch_tokens)
    return pipeline_copies.copies_bytes(part.copies, masks, row, rows) - masks
