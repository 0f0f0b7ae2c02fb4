"""llama.cpp before build 5130 (April 2025): MLA as plain heads, no cache for windows.

Pull requests 12801 (MLA, April 2025) and 13194 (cache for sliding windows, May 2025). The mask is
uploaded as f32 and copied to f16, as its logs show.
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

UNTIL_APRIL_2025 = LlamaCppProfile(
    name="llama.cpp until April 2025",
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
    caches_windows=False,
    output_first=False,
    latent_cache="heads",
)
