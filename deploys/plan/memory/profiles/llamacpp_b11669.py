"""llama.cpp 0.7.0, build 11669 (ggml 0.27.0), as Debian packages it.

Read off the engine's own reserve: `llama-fit-params --fit-print on` of that build, on header-only
files of made-up shapes in which one dimension at a time was changed, with the layers on a
ggml-rpc-server that stands in for a GPU. A CUDA build reserves the same graph; the f16 copy of a
quantised cache, which only CUDA makes, is taken from 0c1e57098b.
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
    later_gpu_rows=3,
    mask_lives_on=True,
    latent_ropes=3,
    expert_outputs_apart=True,
    caches_windows=True,
    latent_cache="keys",
)
