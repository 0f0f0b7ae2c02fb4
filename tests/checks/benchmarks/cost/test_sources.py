"""Each formula of the cost says where it is from: a public source, or that it is ours."""

import inspect
from collections.abc import Iterator
from types import ModuleType

import pytest

from checks.benchmarks.cost import (
    break_even,
    calculation,
    machines,
    month,
    sensitivity,
    share,
    tokens,
    use,
)
from checks.benchmarks.numbers import energy

WITH_FORMULAS = (break_even, machines, month, sensitivity, share, tokens, use)
# Those that put together what others have calculated, or look it up.
WITHOUT = {machines.ways, use.logged}


def formulas() -> Iterator[object]:
    """Public functions that calculate."""
    for module in WITH_FORMULAS:
        yield from (one for one in _functions(module) if one not in WITHOUT)
    yield from (calculation.usual_weight, energy.mean_watts, tokens.Capacity.millions_per_month)


def _functions(module: ModuleType) -> Iterator[object]:
    for name, one in inspect.getmembers(module, inspect.isfunction):
        if one.__module__ == module.__name__ and not name.startswith("_"):
            yield one


@pytest.mark.parametrize(
    "formula", list(formulas()), ids=lambda one: getattr(one, "__name__", "month")
)
def test_a_formula_says_where_it_is_from(formula: object) -> None:
    said = inspect.getdoc(formula) or ""
    assert "Source: " in said or "Ours: " in said, said


def test_every_formula_is_looked_at() -> None:
    assert len(list(formulas())) == 17
