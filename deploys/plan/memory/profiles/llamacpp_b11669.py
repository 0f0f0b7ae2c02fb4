"""llama.cpp 0.7.0, build 11669 (ggml 0.27.0), as Debian packages it.

Read off the engine's own reserve on header-only files of made-up shapes in which one dimension at a
time was changed, with a CUDA backend that is not there (tests/plan/oracle).
`llama-server` asks for n_outputs_max = its number of slots (its own log, -v).
"""

from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile

B11669 = LlamaCppProfile(
    name="llama.cpp b11669",
    mask_bytes_per_cell=2,
    dequantised_in_graph=True,
    logits_for_all_tokens=False,
    residual_widths=4,
    attention_widths=4,
    logits_widths=4,
    upper_logits_widths=4,
    first_gpu_rows=3,
    later_gpu_rows=2,
    reuses_inputs=True,
    mask_lives_on=True,
    latent_ropes=3,
    keeps_expert_outputs=True,
    caches_windows=True,
    output_first=True,
    latent_cache="keys",
)
