"""vLLM's first engine (V0), to 0.8: every layer caches the whole context.

A logit takes 38 bytes while it is sampled (vllm/model_executor/layers/sampler.py of 0.6): bf16 (2)
and f32 (4) copies, sorted values (4), indices (8), and torch's sort with double buffers of values
(4), indices (8) and a row of numbers (8). Outside torch: the workspaces of cuBLAS and cuBLASLt (32
MiB each on Hopper; PyTorch's page on CUDA semantics, CUBLAS_WORKSPACE_CONFIG and
CUBLASLT_WORKSPACE_SIZE), and as much for kernels that are loaded when first used: that half was
added after a look at a published log, so vl01 and vl06 of tests/plan/measurements.json, which alone
need it, are no evidence. Graphs are captured after the pool is taken.
"""

from dataclasses import replace

from deploys.plan.memory.profiles.vllm_profile import VllmProfile

V0 = VllmProfile(
    name="vLLM V0",
    groups_layers=False,
    bytes_per_logit=38,
    outside_gib=0.125,
    upper_outside_gib=0.7,
    graphs_gib=0.0,
    upper_graphs_gib=0.0,
    counts_concurrency=False,
    chunked_prefill=False,
    context_in_budget=False,
)
# Until 0.7 the trial run compared all of the device's memory with torch's own, so that the context
# of the process, and of others, was taken from the pool (vLLM pull request 10511).
V0_6 = replace(V0, name="vLLM V0 until 0.6", context_in_budget=True)
