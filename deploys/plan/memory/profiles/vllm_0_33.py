"""vLLM 0.33.0, the pinned version, and its predecessors since 0.22.

Outside PyTorch: the median and the most of 42 published starts of V1 (0.02 to 0.46 GiB; 0.13 on an
H100 until 0.17, about 0.25 since), and of 16 on several H100 joined by switches (0.55 to 2.21), all
in tests/plan/evidence/outside.yaml. Graphs 0.3 to 0.7 GiB for models up to 30B and 1.97 GiB for one
large mixture of experts (MiniMax-M3 on two GPUs, vl18 of tests/plan/measurements.json), subtracted
by default since 0.21; which the other logs were is not recorded; that file has graphs of 0.07
(vl25), 0.64 (vl17) and 0.78 GiB (vl33). Both are calibrated by an engine's first start on its host.
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
    graphs_gib=0.5,
    upper_graphs_gib=2.0,
    counts_concurrency=True,
    context_in_budget=False,
    chunked_prefill=True,
)
