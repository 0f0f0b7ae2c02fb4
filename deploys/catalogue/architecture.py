"""A model's own shape, as its header states it: what memory and speed are computed from."""

from typing import Annotated

from pydantic import Field

from deploys.settings.words import Frozen

Count = Annotated[int, Field(gt=0)]
CountOrNone = Annotated[int, Field(ge=0)]


class Experts(Frozen):
    """A mixture of experts; the feed-forward length of the model itself is its dense layers'."""

    count: Count
    used: Count
    """Routed experts that see one token."""
    feed_forward_length: Count
    shared_feed_forward_length: CountOrNone = 0
    """Of all shared experts together."""
    leading_dense_layers: CountOrNone = 0


class SlidingWindow(Frozen):
    """Layers that look back `tokens` only; every `full_layer_every`-th layer looks at all."""

    tokens: Count
    full_layer_every: CountOrNone = 0
    """0: no layer is full."""
    full_layers: tuple[CountOrNone, ...] = ()
    """Which layers, from 0, look at all, where they follow no period."""
    kv_heads: Count | None = None
    """Of the windowed layers, where they differ from the full ones."""
    key_length: Count | None = None
    value_length: Count | None = None


class LatentAttention(Frozen):
    """Multi-head latent attention (DeepSeek): one compressed row per token and layer."""

    query_rank: CountOrNone
    kv_rank: Count
    rope_length: Count
    nope_length: Count
    value_length: Count


class Recurrent(Frozen):
    """Layers with a state of fixed size (gated delta net, Mamba, Mamba 2) instead of a cache."""

    convolution_kernel: Count
    inner_length: Count
    state_length: Count
    groups: CountOrNone
    """0: Mamba 1, which has none."""
    time_step_rank: Count
    """Heads of the state; inner_length / time_step_rank is their length."""
    attention_every: CountOrNone
    """Every n-th layer is an attention layer; 0: none is."""
    attention_layers: tuple[CountOrNone, ...] = ()
    """Which layers, from 0, keep a cache, where they follow no period."""
    stateless_layers: tuple[CountOrNone, ...] = ()
    """Which layers keep neither state nor cache: a feed-forward part alone (Nemotron-H)."""


class VisionTower(Frozen):
    """What turns images into embeddings; a file of its own for llama.cpp (mmproj)."""

    weights_bytes: Count
    embedding_length: Count
    feed_forward_length: Count
    patches: Count
    """Of the largest image the engine plans for; of one tile where images are cut."""
    tiles: Count = 1
    """The most that one image is cut into, an overview of the whole among them."""
    patches_per_token: Count = 1
    """Of the context; for images of any size the engine's own number stands (vision.py)."""
    line_ends: CountOrNone = 0
    """Tokens that end the lines of tiles laid together again: vLLM's, so of config.json alone."""


class Architecture(Frozen):
    """Dimensions in the words of the GGUF specification."""

    name: str
    layers: Count
    """Without the draft layers."""
    embedding_length: Count
    feed_forward_length: CountOrNone
    """0 where every layer is a mixture of experts."""
    heads: Count
    kv_heads: Count
    key_length: Count
    """Elements of one head's key; not always embedding_length / heads."""
    value_length: Count
    vocabulary_size: Count
    context_tokens: Count
    """Longest context the model was trained for."""
    tied_embeddings: bool = False
    """The output uses the weights of the token embeddings."""
    rope_factors: bool = False
    """Llama 3.1 and later carry a small tensor of them."""
    attention_bias: bool = False
    draft_layers: CountOrNone = 0
    """Layers for multi-token prediction (nextn)."""
    experts: Experts | None = None
    sliding_window: SlidingWindow | None = None
    latent_attention: LatentAttention | None = None
    recurrent: Recurrent | None = None
    vision: VisionTower | None = None
