"""Shapes of published models, one per kind of architecture, and ways to make more."""

from hypothesis import strategies as st

from deploys.catalogue.architecture import (
    Architecture,
    Experts,
    LatentAttention,
    Recurrent,
    SlidingWindow,
)

LLAMA_8B = Architecture(
    name="llama",
    layers=32,
    embedding_length=4096,
    feed_forward_length=14336,
    heads=32,
    kv_heads=8,
    key_length=128,
    value_length=128,
    vocabulary_size=128256,
    context_tokens=131072,
    rope_factors=True,
)
QWEN3_30B_A3B = LLAMA_8B.model_copy(
    update={
        "name": "qwen3moe",
        "layers": 48,
        "embedding_length": 2048,
        "feed_forward_length": 6144,
        "kv_heads": 4,
        "vocabulary_size": 151936,
        "rope_factors": False,
        "experts": Experts(count=128, used=8, feed_forward_length=768),
    }
)
GEMMA3_27B = LLAMA_8B.model_copy(
    update={
        "name": "gemma3",
        "layers": 62,
        "embedding_length": 5376,
        "feed_forward_length": 21504,
        "kv_heads": 16,
        "vocabulary_size": 262208,
        "rope_factors": False,
        "tied_embeddings": True,
        "sliding_window": SlidingWindow(tokens=1024, full_layer_every=6),
    }
)
DEEPSEEK_V3 = LLAMA_8B.model_copy(
    update={
        "name": "deepseek2",
        "layers": 61,
        "embedding_length": 7168,
        "feed_forward_length": 18432,
        "heads": 128,
        "kv_heads": 1,
        "vocabulary_size": 129280,
        "rope_factors": False,
        "experts": Experts(
            count=256,
            used=8,
            feed_forward_length=2048,
            shared_feed_forward_length=2048,
            leading_dense_layers=3,
        ),
        "latent_attention": LatentAttention(
            query_rank=1536, kv_rank=512, rope_length=64, nope_length=128, value_length=128
        ),
    }
)
QWEN35_4B = LLAMA_8B.model_copy(
    update={
        "name": "qwen35",
        "embedding_length": 2560,
        "feed_forward_length": 9216,
        "heads": 16,
        "kv_heads": 4,
        "key_length": 256,
        "value_length": 256,
        "vocabulary_size": 248320,
        "rope_factors": False,
        "tied_embeddings": True,
        "recurrent": Recurrent(
            convolution_kernel=4,
            inner_length=4096,
            state_length=128,
            groups=16,
            time_step_rank=32,
            attention_every=4,
        ),
    }
)
PUBLISHED = (LLAMA_8B, QWEN3_30B_A3B, GEMMA3_27B, DEEPSEEK_V3, QWEN35_4B)


@st.composite
def shapes(draw: st.DrawFn) -> Architecture:
    """A published shape with other sizes, its kind kept."""
    shape = draw(st.sampled_from(PUBLISHED))
    kv_heads = shape.kv_heads if shape.latent_attention else draw(st.sampled_from((1, 2, 4, 8)))
    return shape.model_copy(
        update={
            "layers": draw(st.integers(4, 96)),
            "embedding_length": draw(st.integers(4, 32)) * 256,
            "feed_forward_length": draw(st.integers(4, 80)) * 256,
            "kv_heads": kv_heads,
            "heads": kv_heads * draw(st.sampled_from((1, 4, 8))),
            "vocabulary_size": draw(st.integers(1000, 300_000)),
        }
    )
