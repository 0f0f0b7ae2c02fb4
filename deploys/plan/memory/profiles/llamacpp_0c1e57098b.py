"""llama.cpp commit 0c1e57098b (summer 2026, ggml 0.25.3), as LocalAI v4.9.0's time used it.

Rules that were checked in a field study of November 2026 against that commit's own reserve on a
null CUDA device (median error 0.003 % over 640 runs).
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

C0C1E57098B = LlamaCppProfile(
    name="llama.cpp 0c1e57098b",
    mask_bytes_per_cell=2,
    dequantised_in_graph=True,
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
