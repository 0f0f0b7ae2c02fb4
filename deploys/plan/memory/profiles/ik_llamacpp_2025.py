"""ik_llama.cpp, the fork, in 2025: no cache for sliding windows, MLA keeps keys alone (-mla 2, 3).

Its mask is f16 from the start (its src/llama.cpp, build_inp_KQ_mask).
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

IK_2025 = LlamaCppProfile(
    name="ik_llama.cpp 2025",
    mask_bytes_per_cell=2,
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
    latent_cache="keys",
)
