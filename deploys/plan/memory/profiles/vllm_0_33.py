"""vLLM 0.33.0, the pinned version, and its predecessors since 0.22.

Outside PyTorch: the median and the most of 42 published starts of V1 (0.02 to 0.46 GiB; 0.13 on an
H100 until 0.17, about 0.25 since), and of 16 on several H100 joined by switches (0.55 to 2.21), all
in tests/plan/evidence/outside.yaml. Graphs, subtracted by default since 0.21: the median and the
most of what 35 published starts estimated them to take (0.10 to 2.73; graphs.yaml beside it, which
says what it leaves out). All but one are of the runner before the one that is 0.33's default, which
captures the pieces instead of extrapolating them (vllm/v1/worker/gpu/cudagraph_utils.py,
profile_cudagraph_memory). Both are calibrated by an engine's first start on its host, graphs where
its log has "Estimated CUDA graph memory", which the earlier runner says.
A logit takes 20 bytes: bf16 (2) and f32 (4) copies, and sorting's values (4) and indices (8), with
their masks (2) (vllm/v1/sample/ops/topk_topp_sampler.py).
"""

from deploys.plan.memory.estimate import Range
from deploys.plan.memory.profiles.vllm_profile import VllmProfile

V0_33 = VllmProfile(
    name="vLLM 0.33.0",
    groups_layers=True,
    bytes_per_logit=20,
    outside_gib=Range(0.25, 0.46),
    fabric_outside_gib=Range(2.09, 2.21),
    graphs_gib=Range(0.74, 2.73),
    counts_concurrency=True,
    context_in_budget=False,
    chunked_prefill=True,
)
