"""How architectures differ in their tensors, beside the numbers of their shape.

From llama.cpp's loaders (src/models/<name>.cpp, load_arch_tensors, commit 0c1e57098b).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """Which tensors a layer has beside q, k, v, output and a gated feed-forward part."""

    norms: tuple[str, ...] = ("ffn_norm",)
    """Norms of the embedding's width beside attn_norm."""
    head_norms: bool = False
    fused_qkv: bool = False
    gated: bool = True
    """The feed-forward part has a gate."""
    fused_gate: bool = False
    """Gate and up stand in one tensor."""
    biases: bool = False
    norm_biases: bool = False
    """LayerNorm: norms shift as well as scale."""
    parallel: bool = False
    """Attention and the feed-forward part read the same input."""
    sinks: bool = False
    gated_attention: bool = False
    """The queries' tensor also holds a gate of the same size."""
    fused_beta: bool = False
    expert_bias: bool = False
    shared_gate: bool = False
    dense_beside_experts: bool = False
    full_layers_share_kv: bool = False
    """Full layers use their keys as values, though the cache keeps both."""


_AROUND = ("post_attention_norm", "ffn_norm", "post_ffw_norm")
_AFTER = ("post_attention_norm",)

LAYOUTS = {
    "llama": Layout(),
    "mistral3": Layout(),
    "smollm3": Layout(),
    "granite": Layout(),
    "granitemoe": Layout(),
    "seed_oss": Layout(norms=_AFTER),
    "qwen2": Layout(),
    "qwen2vl": Layout(),
    "qwen2moe": Layout(shared_gate=True),
    "qwen3": Layout(head_norms=True),
    "qwen3vl": Layout(head_norms=True),
    "qwen3moe": Layout(head_norms=True),
    "qwen3vlmoe": Layout(head_norms=True),
    "qwen3next": Layout(
        norms=_AFTER, head_norms=True, gated_attention=True, fused_beta=True, shared_gate=True
    ),
    "qwen35": Layout(norms=_AFTER, head_norms=True, gated_attention=True),
    "qwen35moe": Layout(norms=_AFTER, head_norms=True, gated_attention=True, shared_gate=True),
    "gemma": Layout(),
    "gemma2": Layout(norms=_AROUND),
    "gemma3": Layout(norms=_AROUND, head_norms=True),
    "gemma4": Layout(
        norms=(*_AROUND, "pre_ffw_norm_2", "post_ffw_norm_1", "post_ffw_norm_2"),
        head_norms=True,
        dense_beside_experts=True,
        full_layers_share_kv=True,
    ),
    "phi3": Layout(fused_qkv=True, fused_gate=True),
    "glm4": Layout(norms=_AROUND, fused_gate=True),
    "glm4moe": Layout(norms=_AFTER, expert_bias=True),
    "command-r": Layout(norms=(), parallel=True),
    "cohere2": Layout(norms=(), parallel=True),
    "gptneox": Layout(fused_qkv=True, gated=False, biases=True, norm_biases=True, parallel=True),
    "starcoder2": Layout(gated=False, biases=True, norm_biases=True),
    "deepseek2": Layout(expert_bias=True),
    "gpt-oss": Layout(norms=_AFTER, biases=True, sinks=True),
}

# Of encoders only what their graph asks is described; which tensors they have their headers say.
ENCODER_LAYOUTS = {"bert": Layout(gated=False)}
