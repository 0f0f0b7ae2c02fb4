"""The weights of a model as named tensors, built from its shape when no file is at hand.

Names and shapes are those of llama.cpp's loaders (src/models/*.cpp, load_arch_tensors, commit
0c1e57098b); a shape's first number is the row length, as GGML counts.
"""

from dataclasses import dataclass
from math import prod

from deploys.catalogue.architecture import Architecture
from deploys.plan.memory.layers import LayerKind, layer_kinds
from deploys.plan.memory.tensor_layouts import LAYOUTS, Layout

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    """One named block of weights."""

    name: str
    shape: Shape

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.shape)


def tensors_of(shape: Architecture) -> tuple[Tensor, ...] | None:
    """All tensors in the order of the layers, or None for an architecture not described here."""
    layout = LAYOUTS.get(shape.name)
    if layout is None:
        return None
    width = shape.embedding_length
    tensors = [Tensor("token_embd.weight", (width, shape.vocabulary_size))]
    tensors += [Tensor(f"output_norm.{word}", (width,)) for word in _norm_words(layout)]
    if not shape.tied_embeddings:
        tensors.append(Tensor("output.weight", (width, shape.vocabulary_size)))
    if shape.rope_factors:
        tensors.append(Tensor("rope_freqs.weight", (shape.key_length // 2,)))
    for layer, kind in enumerate(layer_kinds(shape)):
        tensors += _layer(shape, layout, layer, kind)
    for layer in range(shape.layers, shape.layers + shape.draft_layers):
        tensors += _layer(shape, layout, layer, LayerKind.FULL) + _draft(shape, layer)
    return tuple(tensors)


def _layer(shape: Architecture, layout: Layout, layer: int, kind: LayerKind) -> list[Tensor]:
    width, words = shape.embedding_length, _norm_words(layout)
    parts: dict[str, Shape] = {f"attn_norm.{word}": (width,) for word in words}
    if kind is LayerKind.RECURRENT:
        parts |= _delta_net(shape, layout)
    elif shape.latent_attention:
        parts |= _latent(shape)
    else:
        parts |= _attention(shape, layout, kind)
    for norm in layout.norms:
        parts |= {f"{norm}.{word}": (width,) for word in words}
    parts |= _feed_forward(shape, layout, layer)
    return [Tensor(f"blk.{layer}.{name}", size) for name, size in parts.items()]


def _norm_words(layout: Layout) -> tuple[str, ...]:
    return ("weight", "bias") if layout.norm_biases else ("weight",)


def _attention(shape: Architecture, layout: Layout, kind: LayerKind) -> dict[str, Shape]:
    width = shape.embedding_length
    window = shape.sliding_window if kind is LayerKind.WINDOW else None
    length = (window.key_length if window else None) or shape.key_length
    kv_heads = (window.kv_heads if window else None) or shape.kv_heads
    queries, keys = shape.heads * length, kv_heads * length
    asked = queries * (2 if layout.gated_attention else 1)
    if layout.fused_qkv:
        parts: dict[str, Shape] = {"attn_qkv.weight": (width, asked + 2 * keys)}
    else:
        parts = {"attn_q.weight": (width, asked), "attn_k.weight": (width, keys)}
        if not (layout.full_layers_share_kv and kind is LayerKind.FULL):
            parts["attn_v.weight"] = (width, keys)
    parts["attn_output.weight"] = (queries, width)
    if layout.head_norms:
        parts |= {"attn_q_norm.weight": (length,), "attn_k_norm.weight": (length,)}
    if layout.sinks:
        parts["attn_sinks.weight"] = (shape.heads,)
    if layout.biases or shape.attention_bias:
        biased = [name for name in parts if name in _BIASED]
        parts |= {name.replace("weight", "bias"): (parts[name][1],) for name in biased}
    if layout.biases:
        parts["attn_output.bias"] = (width,)
    return parts


_BIASED = ("attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_qkv.weight")


def _latent(shape: Architecture) -> dict[str, Shape]:
    latent = shape.latent_attention
    assert latent is not None  # noqa: S101 - the caller asked
    width, heads = shape.embedding_length, shape.heads
    key = latent.nope_length + latent.rope_length
    parts: dict[str, Shape] = {"attn_kv_a_norm.weight": (latent.kv_rank,)}
    if latent.query_rank:
        parts["attn_q_a_norm.weight"] = (latent.query_rank,)
        parts["attn_q_a.weight"] = (width, latent.query_rank)
        parts["attn_q_b.weight"] = (latent.query_rank, heads * key)
    else:
        parts["attn_q.weight"] = (width, heads * key)
    parts["attn_kv_a_mqa.weight"] = (width, latent.kv_rank + latent.rope_length)
    parts["attn_k_b.weight"] = (latent.nope_length, latent.kv_rank, heads)
    parts["attn_v_b.weight"] = (latent.kv_rank, latent.value_length, heads)
    parts["attn_output.weight"] = (heads * latent.value_length, width)
    return parts


def _delta_net(shape: Architecture, layout: Layout) -> dict[str, Shape]:
    recurrent = shape.recurrent
    assert recurrent is not None  # noqa: S101 - the caller asked
    width, inner = shape.embedding_length, recurrent.inner_length
    rank = recurrent.time_step_rank
    channels = inner + 2 * recurrent.groups * recurrent.state_length
    mixers: dict[str, Shape] = (
        {"ssm_ba.weight": (width, 2 * rank)}
        if layout.fused_beta
        else {"ssm_beta.weight": (width, rank), "ssm_alpha.weight": (width, rank)}
    )
    return {
        "attn_qkv.weight": (width, channels),
        "attn_gate.weight": (width, inner),
        "ssm_conv1d.weight": (recurrent.convolution_kernel, channels),
        "ssm_dt.bias": (rank,),
        "ssm_a": (rank,),
        **mixers,
        "ssm_norm.weight": (recurrent.state_length,),
        "ssm_out.weight": (inner, width),
    }


def _feed_forward(shape: Architecture, layout: Layout, layer: int) -> dict[str, Shape]:
    experts = shape.experts
    width, hidden = shape.embedding_length, shape.feed_forward_length
    parts: dict[str, Shape] = {}
    if experts is None or layer < experts.leading_dense_layers or layout.dense_beside_experts:
        parts = _dense(layout, width, hidden)
    if experts is not None and layer >= experts.leading_dense_layers:
        parts |= _experts(shape, layout)
    return parts


def _dense(layout: Layout, width: int, hidden: int) -> dict[str, Shape]:
    wide = 2 * hidden if layout.fused_gate else hidden
    parts: dict[str, Shape] = {"ffn_up.weight": (width, wide), "ffn_down.weight": (hidden, width)}
    if layout.gated and not layout.fused_gate:
        parts["ffn_gate.weight"] = (width, hidden)
    if layout.biases and not layout.gated:
        parts |= {"ffn_up.bias": (hidden,), "ffn_down.bias": (width,)}
    return parts


def _experts(shape: Architecture, layout: Layout) -> dict[str, Shape]:
    experts = shape.experts
    assert experts is not None  # noqa: S101 - the caller asked
    width, hidden, count = shape.embedding_length, experts.feed_forward_length, experts.count
    shared = experts.shared_feed_forward_length
    parts: dict[str, Shape] = {
        "ffn_gate_inp.weight": (width, count),
        "ffn_gate_exps.weight": (width, hidden, count),
        "ffn_down_exps.weight": (hidden, width, count),
        "ffn_up_exps.weight": (width, hidden, count),
    }
    if layout.biases:
        parts |= {"ffn_gate_inp.bias": (count,), "ffn_down_exps.bias": (width, count)}
        parts |= {"ffn_gate_exps.bias": (hidden, count), "ffn_up_exps.bias": (hidden, count)}
    if layout.expert_bias:
        parts["exp_probs_b.bias"] = (count,)
    if shared:
        parts |= {"ffn_gate_shexp.weight": (width, shared), "ffn_up_shexp.weight": (width, shared)}
        parts["ffn_down_shexp.weight"] = (shared, width)
        if layout.shared_gate:
            parts["ffn_gate_inp_shexp.weight"] = (width,)
    return parts


def _draft(shape: Architecture, layer: int) -> list[Tensor]:
    width = shape.embedding_length
    return [
        Tensor(f"blk.{layer}.nextn.eh_proj.weight", (2 * width, width)),
        Tensor(f"blk.{layer}.nextn.enorm.weight", (width,)),
        Tensor(f"blk.{layer}.nextn.hnorm.weight", (width,)),
        Tensor(f"blk.{layer}.nextn.shared_head_norm.weight", (width,)),
    ]
