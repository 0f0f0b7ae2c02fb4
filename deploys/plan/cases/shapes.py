"""Short names of dimensions to an Architecture."""

from deploys.catalogue.architecture import (
    Architecture,
    Experts,
    LatentAttention,
    Recurrent,
    SlidingWindow,
)
from deploys.plan.cases.words import ArchitectureWords


def shape_of(words: ArchitectureWords) -> Architecture:
    """Head lengths that are not stated are the width by the heads, as GGUF's default is."""
    length = words.hd or max(1, words.d // words.h)
    return Architecture(
        name=words.arch,
        layers=words.L,
        embedding_length=words.d,
        feed_forward_length=words.ff,
        heads=words.h,
        kv_heads=words.kv,
        key_length=length,
        value_length=length,
        vocabulary_size=words.V,
        context_tokens=words.ctx or 1,
        tied_embeddings=words.tied,
        rope_factors=words.rope_freqs,
        attention_bias=words.bias,
        draft_layers=words.mtp,
        experts=_experts(words),
        sliding_window=_window(words),
        latent_attention=_latent(words),
        recurrent=_recurrent(words),
    )


def _experts(words: ArchitectureWords) -> Experts | None:
    if not words.E:
        return None
    return Experts(
        count=words.E,
        used=words.EU,
        feed_forward_length=words.eff,
        shared_feed_forward_length=words.sheff or words.shared * words.eff,
        leading_dense_layers=words.dense,
    )


def _window(words: ArchitectureWords) -> SlidingWindow | None:
    if not words.swa:
        return None
    return SlidingWindow(
        tokens=words.swa,
        full_layer_every=words.swa_pattern,
        kv_heads=words.swa_kv,
        key_length=words.swa_hd,
        value_length=words.swa_hd,
    )


def _latent(words: ArchitectureWords) -> LatentAttention | None:
    if not words.kvl:
        return None
    return LatentAttention(
        query_rank=words.ql,
        kv_rank=words.kvl,
        rope_length=words.rope,
        nope_length=words.nope,
        value_length=words.vh,
    )


def _recurrent(words: ArchitectureWords) -> Recurrent | None:
    ssm = words.ssm
    if ssm is None:
        return None
    return Recurrent(
        convolution_kernel=ssm.conv,
        inner_length=ssm.inner,
        state_length=ssm.state,
        groups=ssm.grp,
        time_step_rank=ssm.dt,
        attention_every=ssm.every,
    )
