"""No fact of a build's profile can be altered without a stated number changing."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, get_args

import pytest

from deploys.plan.memory import llamacpp, vllm
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.estimate import Range
from deploys.plan.memory.profiles.choice import llamacpp_profile
from deploys.plan.memory.profiles.llamacpp_profile import LatentCache, LlamaCppProfile
from deploys.plan.memory.profiles.vllm_choice import vllm_profile
from deploys.plan.memory.profiles.vllm_profile import VllmProfile
from tests.plan.memory.builds import LLAMACPP, LLAMACPP_ROWS, VLLM, VLLM_ROWS, Build, Row

Profile = LlamaCppProfile | VllmProfile
# V0 has one group of layers, which holds what all requests do: both ways count alike.
COUNTED_ALIKE = ["counts_concurrency"]


def answers(build: Build, rows: Sequence[Row]) -> list[float]:
    """What the estimator says; one that crashes ends the test, and has not noticed anything."""
    cases = [replace(row.case, engine=build[0], version=build[1]) for row in rows]
    return [row.read(estimate(case)) for row, case in zip(rows, cases, strict=True)]


def altered(profile: Profile, fact: str) -> Profile:
    """The profile with another value of the same kind; of a range, with another end."""
    fact, _, end = fact.partition(".")
    value = getattr(profile, fact)
    if isinstance(value, Range):
        other: Any = replace(value, **{end: getattr(value, end) * 1.02 + 0.001})
    elif isinstance(value, bool):
        other = not value
    elif isinstance(value, int | float):
        other = value + 1 if isinstance(value, int) else value * 1.02 + 0.001
    else:
        other = next(word for word in get_args(LatentCache) if word != value)
    return replace(profile, **{fact: other})


def facts(kind: type[Profile]) -> list[str]:
    """Names of all that a profile says, of both ends of a range."""
    ranges = {one.name for one in fields(kind) if one.type is Range}
    ends = [f"{name}.{end}" for name in sorted(ranges) for end in ("expected", "upper")]
    return [one.name for one in fields(kind) if one.name not in {"name", *ranges}] + ends


def unnoticed(
    build: Build, rows: Sequence[Row], kind: type[Profile], alter: Callable[[str], None]
) -> list[str]:
    """Facts whose alteration leaves every number of the build as it is stated."""
    before = pytest.approx(answers(build, rows), abs=0.001)
    found = []
    for fact in facts(kind):
        alter(fact)
        if answers(build, rows) == before:
            found.append(fact)
    return found


@pytest.mark.parametrize("number", range(len(LLAMACPP)), ids=[" ".join(one) for one in LLAMACPP])
def test_every_fact_of_a_build_of_llama_cpp_shows(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = llamacpp_profile

    def alter(fact: str) -> None:
        monkeypatch.setattr(
            llamacpp, "llamacpp_profile", lambda *asked: altered(right(*asked), fact)
        )

    assert unnoticed(LLAMACPP[number], LLAMACPP_ROWS, LlamaCppProfile, alter) == []


@pytest.mark.parametrize("number", range(len(VLLM)), ids=[" ".join(one) for one in VLLM])
def test_every_fact_of_a_version_of_vllm_shows(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = vllm_profile

    def alter(fact: str) -> None:
        monkeypatch.setattr(vllm, "vllm_profile", lambda *asked: altered(right(*asked), fact))

    alike = COUNTED_ALIKE if not right(VLLM[number][1], {}).groups_layers else []
    assert unnoticed(VLLM[number], VLLM_ROWS, VllmProfile, alter) == alike


@pytest.mark.parametrize(
    ("builds", "rows"), [(LLAMACPP, LLAMACPP_ROWS), (VLLM, VLLM_ROWS)], ids=["llama.cpp", "vllm"]
)
def test_every_build_has_its_stated_numbers(builds: Sequence[Build], rows: Sequence[Row]) -> None:
    for number, build in enumerate(builds):
        stated = [row.stated[number] for row in rows]
        assert answers(build, rows) == pytest.approx(stated, abs=0.001)
