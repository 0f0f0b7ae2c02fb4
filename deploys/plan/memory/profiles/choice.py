"""Which profile stands for which version of llama.cpp, and what a case may correct of it."""

import re
from collections.abc import Mapping
from dataclasses import replace

from deploys.plan.memory.profiles.ik_llamacpp_2025 import IK_2025
from deploys.plan.memory.profiles.llamacpp_0c1e57098b import C0C1E57098B
from deploys.plan.memory.profiles.llamacpp_b11669 import B11669
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile
from deploys.plan.memory.profiles.llamacpp_until_april_2025 import UNTIL_APRIL_2025
from deploys.plan.memory.profiles.llamacpp_until_b9000 import UNTIL_B9000
from deploys.plan.memory.profiles.llamacpp_until_january_2026 import UNTIL_JANUARY_2026

LLAMACPP_ENGINES = ("llama.cpp", "llamacpp", "localai", "ollama", "ik_llama.cpp")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# (first build, first month, profile): from then on.
_AGES = (
    (0, (0, 0), UNTIL_APRIL_2025),
    (5130, (2025, 5), UNTIL_JANUARY_2026),
    (7826, (2026, 2), UNTIL_B9000),
    (9000, (2026, 5), C0C1E57098B),
    (11000, (2026, 10), B11669),
)


def llamacpp_profile(engine: str, version: str, facts: Mapping[str, bool]) -> LlamaCppProfile:
    """The profile of a version in words ("b6123", "May 2025", "pinned"); facts of the build win.

    A version without a date is taken for commit 0c1e57098b, a year alone for its last profile.
    """
    profile = IK_2025 if engine == "ik_llama.cpp" else _by_age(version)
    if "mask_f32" in facts:
        profile = replace(profile, mask_bytes_per_cell=6 if facts["mask_f32"] else 2)
    if "deq_in_graph" in facts:
        profile = replace(profile, dequantised_in_graph=facts["deq_in_graph"])
    return profile


def _by_age(version: str) -> LlamaCppProfile:
    if version == "pinned" or "0.7.0" in version:
        return B11669
    build, month = _build(version), _month(version)
    if build is None and month is None:
        return C0C1E57098B
    known = [
        profile
        for first, first_month, profile in _AGES
        if (build is not None and build >= first)
        or (build is None and month is not None and month >= first_month)
    ]
    return known[-1]


def _build(version: str) -> int | None:
    """The first build number of words like `b5xxx`, `b9665`, `b9xxx-b10xxx`."""
    found = re.search(r"\bb(\d{1,5})(x*)", version)
    if not found:
        return None
    return int(found[1] + "9" * len(found[2]))


def _month(version: str) -> tuple[int, int] | None:
    """(year, month) of words like `May 2025` or `2026`; a year alone counts to July."""
    found = re.search(r"\b(20\d\d)\b", version)
    if not found:
        return None
    named = [
        index + 1
        for index, month in enumerate(_MONTHS)
        if re.search(rf"\b{month}[a-z]*\.? {found[1]}", version.lower())
    ]
    return int(found[1]), named[0] if named else 7
