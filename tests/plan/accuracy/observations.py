"""Published measurements beside what the estimator says of them, quantity by quantity."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploys.plan.cases.reading import read_cases
from deploys.plan.memory.configuration import Case
from tests.plan.accuracy import beside_model, llamacpp, vllm
from tests.plan.accuracy.comparison import Comparison, Row

FILE = Path(__file__).parents[1] / "measurements.json"


def entries() -> list[dict[str, Any]]:
    """The file's entries."""
    parsed: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return list(parsed["entries"])


def comparisons() -> list[Comparison]:
    """Every observation that the estimator has a number for."""
    rows = entries()
    return [
        Comparison(quantity, case.name, entry["class"], observed, expected, upper, scale)
        for entry, case in zip(rows, read_cases(FILE.name, rows), strict=True)
        for quantity, observed, expected, upper, scale in _rows(case, entry)
    ]


def _rows(case: Case, entry: Mapping[str, Any]) -> Iterator[Row]:
    if case.engine == "vLLM":
        yield from vllm.rows(case, entry)
    else:
        yield from llamacpp.rows(case, entry["observed"])
        yield from beside_model.rows(case, entry)
