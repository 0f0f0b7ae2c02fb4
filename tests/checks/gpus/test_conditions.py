"""A GPU in each condition is found by one rule and by no other, through NVIDIA's own pynvml."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.gpus.asking import ask, examined
from tests.checks.gpus.conditions import CONDITIONS, USUAL
from tests.checks.gpus.rules import Found, all_found
from tests.lab.fake_driver import FakeDriver

PLACES = {name: number for number, name in enumerate((*USUAL, *CONDITIONS))}


@pytest.fixture(scope="module")
def found(
    fake_libraries: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[int, list[Found]]]:
    """One host with a GPU in each condition, asked once."""
    folder: Path = tmp_path_factory.mktemp("conditions")
    with pytest.MonkeyPatch.context() as patch:
        driver = FakeDriver(folder)
        driver.has(*USUAL.values(), *(one.gpu for one in CONDITIONS.values()))
        driver.answers_nvml(patch)
        yield all_found(examined(ask(), *PLACES.values()))


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_gpu_is_found_by_one_rule_when_it(name: str, found: dict[int, list[Found]]) -> None:
    condition = CONDITIONS[name]
    ((rule, severity, words),) = found[PLACES[name]]
    assert (rule, severity) == (condition.rule, condition.severity)
    assert condition.words in words


@pytest.mark.parametrize("name", USUAL)
def test_nothing_is_found_of_a_gpu(name: str, found: dict[int, list[Found]]) -> None:
    assert found[PLACES[name]] == []
