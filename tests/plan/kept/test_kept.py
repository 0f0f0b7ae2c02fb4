"""No change of a formula goes unseen: its numbers are held against the engines, and kept anew."""

import pytest

from tests.plan.kept.cases import LLAMACPP_CASES, LLAMACPP_VERSIONS, VLLM_VERSIONS, cases
from tests.plan.kept.numbers import Numbers, kept, numbers

HINT = (
    "hold the planner against the engines (`make oracle`, `make accuracy`), "
    "then `python -m tests.plan.kept` keeps what it says now"
)


def test_the_planner_says_what_it_said_when_it_was_held_against_the_engines() -> None:
    others = [
        f"case {index} ({case.name}, {case.engine} {case.version}): was {before}, is {now}"
        for index, (case, before) in enumerate(zip(cases(), kept(), strict=True))
        if not _same(now := numbers(case), before)
    ]
    assert others == [], HINT


def _same(now: Numbers | float | None, before: Numbers | float | None) -> bool:
    if isinstance(now, list) and isinstance(before, list):
        return len(now) == len(before) and all(map(_same, now, before))
    # What is kept was rounded to the hundredth.
    return now == before or (now is not None and now == pytest.approx(before, abs=0.011))


def test_every_version_with_a_profile_is_asked() -> None:
    asked = cases()
    assert {one.version for one in asked[:LLAMACPP_CASES]} == set(LLAMACPP_VERSIONS)
    assert {one.version for one in asked[LLAMACPP_CASES:]} == set(VLLM_VERSIONS)
