"""What differs between builds of llama.cpp, as far as memory is concerned."""

from dataclasses import dataclass
from typing import Literal

LatentCache = Literal["heads", "keys_and_values", "keys"]


@dataclass(frozen=True)
class LlamaCppProfile:
    """Facts of one build."""

    name: str
    mask_bytes_per_cell: int
    """2: the mask is f16 from the start; 6: it is uploaded as f32 and copied to f16."""
    dequantised_in_graph: bool
    """The f16 copy of a quantised cache is part of the compute buffer, else of CUDA's pool."""
    logits_for_all_tokens: bool
    """Every token of a micro-batch gets logits, else one per sequence."""
    residual_widths: int
    """Rows of the embedding's length alive during the feed-forward part."""
    attention_widths: int
    logits_widths: int
    upper_logits_widths: int
    first_gpu_rows: int
    """Rows of the embedding's length that the first of several GPUs keeps copies of."""
    later_gpu_rows: int
    """The same of the others, while they compute layers."""
    reuses_inputs: bool
    """Rows that were copied to a GPU give their place up to what it computes."""
    mask_lives_on: bool
    """Inputs keep their memory until the end of the graph."""
    latent_ropes: int
    """Rotated parts alive during latent attention, per head."""
    keeps_expert_outputs: bool
    """CUDA weighs and sums the experts' answers in one kernel, so they live until it has run."""
    caches_windows: bool
    """Layers with a sliding window get a small cache."""
    output_first: bool
    """`--n-gpu-layers` counts the output before all layers, else after them."""
    latent_cache: LatentCache
    """What MLA keeps: full heads, latent keys and values, or latent keys alone."""
