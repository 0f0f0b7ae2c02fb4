"""llama.cpp from January 2026 to about build 9000.

MLA keeps keys alone (pull request 19067), and the output goes to a GPU first (18148). The mask is
still uploaded as f32, as its logs show.
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

UNTIL_B9000 = LlamaCppProfile(
    name="llama.cpp until b9000",
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
    output_first=True,
    latent_cache="keys",
)
