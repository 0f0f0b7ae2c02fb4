"""vLLM 0.8 to 0.19, engine V1: graphs are not subtracted, tokens are counted per group.

vLLM subtracts graphs since 0.21 and counts concurrency since 0.22 (its release notes).
"""

from dataclasses import replace

from deploys.plan.memory.estimate import NOTHING
from deploys.plan.memory.profiles.vllm_0_33 import V0_33

V1_2025 = replace(
    V0_33,
    name="vLLM V1 until 0.19",
    graphs_gib=NOTHING,
    counts_concurrency=False,
)
