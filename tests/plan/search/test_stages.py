"""In which order replicas are laid out."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from deploys.plan.search.alternatives import EngineName
from deploys.plan.search.stages import stages
from deploys.settings.pool import Pool
from tests.plan.search.fleets import chat


def _stages(
    engine: EngineName,
    most_gpus: int,
    experts: bool = False,
    words: Mapping[str, object] = MappingProxyType({}),
) -> list[tuple[int, str]]:
    pool = Pool.model_validate(chat(**words))
    return [(one.gpus, one.in_ram) for one in stages(engine, pool, most_gpus, experts)]


def test_one_gpu_comes_before_several_and_those_before_ram() -> None:
    assert _stages("llamacpp", 2) == [
        (1, "nothing"),
        (2, "nothing"),
        (2, "layers"),
        (1, "layers"),
    ]


def test_experts_go_to_ram_before_whole_layers() -> None:
    kinds = [in_ram for _, in_ram in _stages("llamacpp", 2, experts=True)]
    assert kinds == ["nothing", "nothing", "experts", "experts", "layers", "layers"]


def test_vllm_keeps_nothing_in_ram_and_takes_powers_of_two() -> None:
    assert _stages("vllm", 7) == [(1, "nothing"), (2, "nothing"), (4, "nothing")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"gpus": 3}, [(3, "nothing"), (3, "layers")]),
        ({"gpus": 9}, []),
        ({"share_gpus": True}, [(1, "nothing"), (1, "layers")]),
        ({"gpu_layers": 5, "gpus": 1}, [(1, "as set")]),
        ({"experts_on_cpu": 5, "gpus": 1}, [(1, "as set")]),
    ],
)
def test_pinned_words_leave_only_what_they_say(
    words: Mapping[str, object], expected: list[tuple[int, str]]
) -> None:
    assert _stages("llamacpp", 4, words=words) == expected
