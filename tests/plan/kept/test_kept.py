"""No change of a formula goes unseen: its numbers are held against the engines, and kept anew."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

from deploys.plan.memory import profiles
from deploys.plan.memory.profiles.choice import llamacpp_profile
from deploys.plan.memory.profiles.llamacpp_profile import LlamaCppProfile
from deploys.plan.memory.profiles.vllm_choice import vllm_profile
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from tests.plan.kept.cases import LLAMACPP_CASES, cases
from tests.plan.kept.numbers import Numbers, kept, numbers

MODULES = f"{profiles.__name__}."
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


def test_every_profile_is_asked() -> None:
    asked = [(one.engine, one.version) for one in cases()]
    of_llamacpp = [llamacpp_profile(engine, said, {}) for engine, said in asked[:LLAMACPP_CASES]]
    found = [*of_llamacpp, *(vllm_profile(said, {}) for _, said in asked[LLAMACPP_CASES:])]
    modules = (import_module(one.name) for one in iter_modules(profiles.__path__, MODULES))
    every = [one for module in modules for one in vars(module).values() if _is_profile(one)]
    assert len(every) >= 10
    assert [one for one in every if one not in found] == []


def _is_profile(value: object) -> bool:
    return isinstance(value, LlamaCppProfile | VllmProfile)
