"""Which profile stands for which version of vLLM."""

import re
from collections.abc import Mapping
from dataclasses import replace

from deploys.plan.memory.profiles.vllm_0_33 import V0_33
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from deploys.plan.memory.profiles.vllm_v0 import V0, V0_6
from deploys.plan.memory.profiles.vllm_v1_2025 import V1_2025


def vllm_profile(version: str, facts: Mapping[str, bool]) -> VllmProfile:
    """By the version's words ("0.24.0", "0.6.4 V0", "2025"); what a case says of its core wins."""
    profile = _by_version(version)
    if facts.get("v1") is True and not profile.groups_layers:
        profile = V1_2025
    if facts.get("v1") is False and profile.groups_layers:
        profile = V0
    if "counts_concurrency" in facts:
        profile = replace(profile, counts_concurrency=facts["counts_concurrency"])
    return profile


def _by_version(version: str) -> VllmProfile:
    found = re.search(r"\b0\.(\d+)\.", version)
    minor = int(found[1]) if found else None
    if minor is not None and minor < 7:
        return V0_6
    if re.search(r"\bV0\b", version):
        return V0
    found = found or re.search(r"\b0\.(\d+)", version)
    minor = int(found[1]) if found else None
    if minor is None:
        return V1_2025 if "2025" in version else V0_33
    if minor < 8:
        return V0
    # Graphs are subtracted since 0.21, tokens are counted anew since 0.22.
    return V1_2025 if minor < 21 else V0_33
