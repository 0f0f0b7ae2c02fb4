"""The feed-forward part of llama.cpp's compute buffer: dense, routed experts, shared experts."""

from deploys.catalogue.architecture import Experts
from deploys.plan.memory import attention_phase, compute_phases
from deploys.plan.memory.graph_part import Part, kinds_of
from deploys.plan.memory.layers import keeps_rows


def feed_forward_bytes(part: Part, upper: bool) -> float:
    """The largest of what the layers of this device need; 0 where none has such a part."""
    layers = _computed_for_all_tokens(part)
    sizes = [0.0]
    if any(_is_dense(part, layer) for layer in layers):
        sizes.append(_dense(part, upper))
    experts = part.shape.experts
    if experts and (_takes_experts(part) or any(_is_routed(part, layer) for layer in layers)):
        sizes.append(_routed(part, experts, upper))
    if experts and any(not _is_dense(part, layer) for layer in layers):
        sizes.append(_shared(part, experts, upper))
    return max(sizes)


def _computed_for_all_tokens(part: Part) -> tuple[int, ...]:
    """In the last layer only the tokens that want logits go on (build_inp_out_ids)."""
    last = part.shape.layers - 1
    everywhere = part.profile.logits_for_all_tokens or part.is_encoder
    return tuple(layer for layer in part.layers + part.ram_layers if everywhere or layer != last)


def _is_dense(part: Part, layer: int) -> bool:
    experts = part.shape.experts
    return (
        experts is None or layer < experts.leading_dense_layers or part.layout.dense_beside_experts
    )


def _is_routed(part: Part, layer: int) -> bool:
    """Experts in RAM are computed on the first GPU, whoever holds their layer."""
    experts = part.shape.experts
    if experts is None or layer < experts.leading_dense_layers:
        return False
    return part.in_ram or layer in part.ram_layers or layer >= (part.asked.experts_on_cpu or 0)


def _takes_experts(part: Part) -> bool:
    return part.is_first and part.asked.experts_on_cpu != 0


def _rows(part: Part, upper: bool) -> int:
    """Elements of rows beside; with pipelining the queries keep one of their places."""
    width = part.shape.embedding_length
    if part.copies < 2 or not part.profile.reuses_inputs:
        return (part.profile.residual_widths if upper else part.widths) * width
    kinds = filter(keeps_rows, kinds_of(part, part.layers))
    queries = max((attention_phase.query_elements(part, kind) for kind in kinds), default=width)
    return (part.widths - (1 if part.is_first else 2)) * width + queries


def _dense(part: Part, upper: bool) -> float:
    elements = compute_phases.feed_forward_elements(
        part.shape.feed_forward_length, part.layout.gated
    )
    extra = part.shape.embedding_length if part.layout.parallel and not part.layout.gated else 0
    # BERT normalises behind each part, and what it normalised stays (build 11669 on a CPU: 6 rows
    # and one as long as this part, in 8 made-up shapes).
    extra += part.shape.embedding_length if part.is_encoder else 0
    extra *= 2 if upper else 1
    rows = elements + extra + _rows(part, upper)
    # The next matrix may come beside the place of the last one; with experts the largest is theirs.
    borrowed = (2 if upper and not part.shape.experts else 1) * part.borrowed_bytes
    return compute_phases.rows_bytes(rows, part.asked.micro_batch_tokens) + borrowed


def _routed(part: Part, experts: Experts, upper: bool) -> float:
    # A delta net's rows may part two borrowed matrices.
    matrices = 2 if part.shape.recurrent and upper else 1
    elements = _expert_elements(part, experts, upper) + _rows(part, upper)
    rows = compute_phases.rows_bytes(elements, part.asked.micro_batch_tokens)
    return rows + matrices * part.borrowed_bytes


def _expert_elements(part: Part, experts: Experts, upper: bool) -> int:
    used, hidden, width = experts.used, experts.feed_forward_length, part.shape.embedding_length
    keeps = part.profile.keeps_expert_outputs
    # A delta net leaves no places as large as a layer of attention does.
    if upper or (keeps and part.shape.recurrent and not part.in_ram):
        return compute_phases.all_expert_elements(used, hidden, width)
    if keeps and not part.in_ram:
        return compute_phases.kept_expert_elements(used, hidden, width)
    apart = compute_phases.expert_outputs_elements(used, hidden, width) if part.in_ram else 0
    return compute_phases.expert_elements(used, hidden) + apart


def _shared(part: Part, experts: Experts, upper: bool) -> float:
    """After the routed experts, whose sum is kept as one more row."""
    hidden, width = experts.shared_feed_forward_length, part.shape.embedding_length
    elements = compute_phases.feed_forward_elements(hidden, part.layout.gated)
    rows = elements + width + _rows(part, upper)
    return compute_phases.rows_bytes(rows, part.asked.micro_batch_tokens) if hidden else 0
