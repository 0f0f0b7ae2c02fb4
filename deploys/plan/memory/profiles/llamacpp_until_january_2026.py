"""llama.cpp from build 5130 (April 2025) to January 2026.

MLA keeps latent values beside the keys until pull request 19067 (24 January 2026). The mask is
uploaded as f32 and copied to f16, and the copy of a quantised cache is taken from CUDA's pool, as
its logs show. The output goes to a GPU after all layers until pull request 18148 (December 2025).
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

UNTIL_JANUARY_2026 = LlamaCppProfile(
    name="llama.cpp until January 2026",
    mask_bytes_per_cell=6,
    dequantised_in_graph=False,
    logits_for_all_tokens=True,
    residual_widths=3,
    attention_widths=2,
    logits_widths=1,
    upper_logits_widths=3,
    first_gpu_rows=1,
    later_gpu_rows=2,
    reuses_inputs=False,
    mask_lives_on=False,
    latent_ropes=2,
    keeps_expert_outputs=False,
    caches_windows=True,
    output_first=False,
    latent_cache="keys_and_values",
)
