"""vLLM's first engine (V0), to 0.8: every layer caches the whole context.

A logit takes 38 bytes while it is sampled (vllm/model_executor/layers/sampler.py of 0.6): bf16 (2)
and f32 (4) copies, sorted values (4), indices (8), and torch's sort with double buffers of values
(4), indices (8) and a row of numbers (8). Outside PyTorch: the median and the most of ten published
starts of V0 (0.04 to 0.39 GiB; tests/plan/evidence/outside.yaml); on GPUs joined by switches V1's,
since no start of V0 on such was found. Graphs are captured after the pool is taken.
"""

from dataclasses import replace

from deploys.plan.memory.estimate import NOTHING, Range
from deploys.plan.memory.profiles.vllm_0_33 import V0_33
from deploys.plan.memory.profiles.vllm_profile import VllmProfile

V0 = VllmProfile(
    name="vLLM V0",
    groups_layers=False,
    bytes_per_logit=38,
    outside_gib=Range(0.16, 0.39),
    fabric_outside_gib=V0_33.fabric_outside_gib,
    graphs_gib=NOTHING,
    counts_concurrency=False,
    chunked_prefill=False,
    context_in_budget=False,
)
# Until 0.7 the trial run compared all of the device's memory with torch's own, so that the context
# of the process, and of others, was taken from the pool (vLLM pull request 10511).
V0_6 = replace(V0, name="vLLM V0 until 0.6", context_in_budget=True)
