"""Each formula against answers worked out by hand."""

from types import ModuleType
from typing import Any

import pytest

from tests.plan.memory.stated import STATED

ALL = [
    pytest.param(module, name, arguments, answer, id=f"{name}{arguments}")
    for module, answers in STATED.items()
    for name, arguments, answer in answers
]


@pytest.mark.parametrize(("module", "name", "arguments", "answer"), ALL)
def test_a_formula_gives_the_stated_answer(
    module: ModuleType, name: str, arguments: tuple[Any, ...], answer: float
) -> None:
    assert getattr(module, name)(*arguments) == pytest.approx(answer, rel=1e-12)
