"""No part of a formula can be altered without a stated answer changing."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.plan.memory.mutants import mutants
from tests.plan.memory.stated import STATED, Answer


def _answers(module: ModuleType, stated: tuple[Answer, ...]) -> bool:
    """Whether a module still gives every stated answer."""
    return all(
        _same(getattr(module, name), arguments, answer) for name, arguments, answer in stated
    )


def _same(function: Callable[..., float], arguments: tuple[Any, ...], answer: float) -> bool:
    try:
        found = function(*arguments)
    except ArithmeticError:
        # A crash is no answer that anybody stated: another one must tell.
        return True
    return bool(found == pytest.approx(answer, rel=1e-12))


@pytest.mark.parametrize("module", STATED, ids=lambda module: module.__name__)
def test_every_alteration_of_a_formula_changes_a_stated_answer(module: ModuleType) -> None:
    stated = STATED[module]
    assert _answers(module, stated)
    functions = {name for name, _, _ in stated}
    survivors = [
        words for words, mutant in mutants(_formulas(module, functions)) if _answers(mutant, stated)
    ]
    assert survivors == []


def _formulas(module: ModuleType, functions: set[str]) -> str:
    """The source of the stated functions and of the module's numbers, which they use."""
    sources = "\n".join(inspect.getsource(getattr(module, name)) for name in sorted(functions))
    numbers = [
        f"{name} = {value!r}"
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int | float) and name in sources
    ]
    return "\n".join([*numbers, sources])


@pytest.mark.parametrize("module", STATED, ids=lambda module: module.__name__)
def test_every_formula_of_a_module_has_a_stated_answer(module: ModuleType) -> None:
    functions = {
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }
    stated = {name for name, _, _ in STATED[module]}
    # The bound and its bands: in test_speed.py; a context: in tests/plan/evidence.
    assert functions - stated <= {"roofline", "bounded", "context"}
