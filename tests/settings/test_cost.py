"""What the operator pays: what is taken, and what is refused with its reason."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploys.settings import inventory
from deploys.settings.cost import Cost, HostCost
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Refused
from deploys.settings.validation import complaints_of
from tests.environments import ROOT, WORDS, write_environment

COST = {"currency": "EUR", "power_per_kwh": 0.28, "pue": 1.4, "staff_per_month": 1500.0}
HOST = {"price": 28000.0, "years": 4, "host_watts": {"idle": 150, "load": 320}}


def _example() -> Mapping[str, object]:
    text = (ROOT / "inventories" / "cost.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(example).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_the_example_in_the_document_is_what_fits() -> None:
    words = _example()
    cost = Cost.model_validate(words["cost"], strict=True)
    assert set(Cost.model_fields) == set(cost.model_fields_set)
    host = HostCost.model_validate(words["host_cost"], strict=True)
    assert set(HostCost.model_fields) == set(host.model_fields_set)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"power_per_kwh": -0.1}, "power_per_kwh"),
        ({"staff_per_month": -1}, "staff_per_month"),
        ({"pue": 0.9}, "pue"),
        ({"currency": "euro"}, "currency"),
        ({"interest_percent": -1}, "interest_percent"),
        ({"usable_percent": 0}, "usable_percent"),
        ({"exchange": {"USD": {"rate": 0, "date": "2026-11-01"}}}, "exchange.USD.rate"),
        ({"exchange": {"USD": {"rate": 1, "date": "yesterday"}}}, "exchange.USD.date"),
        ({"exchange": {"USD": {"rate": 1, "date": "2026-02-30"}}}, "exchange.USD.date"),
    ],
)
def test_a_cost_that_cannot_be_is_refused(words: Mapping[str, object], path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Cost.model_validate({**COST, **words})
    assert [one.path for one in complaints_of(refused.value, "", Cost)] == [path]


@pytest.mark.parametrize(
    ("words", "path", "hint"),
    [
        ({"price": -1}, "price", "greater than or equal to 0"),
        ({"years": 0}, "years", "greater than 0"),
        ({"years": 40}, "years", "less than or equal to 20"),
        ({"residual": 28001}, "", "no more than the price"),
        ({"host_watts": {"idle": 300, "load": 200}}, "host_watts", "as much under load"),
        ({"gpu_watts": {"idle": -1, "load": 200}}, "gpu_watts.idle", "greater than or equal to 0"),
    ],
)
def test_a_host_that_cannot_be_is_refused(
    words: Mapping[str, object], path: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        HostCost.model_validate({**HOST, **words})
    (found,) = complaints_of(refused.value, "", HostCost)
    assert found.path == path
    assert hint in found.hint


def _environment(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: Mapping[str, object]
) -> Environment:
    """pyinfra itself takes a second to start."""
    write_environment(root, words)
    host = {"name": "@local", "groups": ["small", "gpu_hosts", "gateways"]}
    data = {**WORDS, **words, "directory": ".homeport/small"}
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [{**host, "data": data}])
    return read_environment(root, "small")


def test_an_environment_has_its_costs_and_each_host_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _environment(tmp_path, monkeypatch, {"cost": COST, "host_cost": HOST})
    assert found.cost is not None
    assert found.cost.pue == 1.4
    (host,) = found.hosts
    assert host.words.host_cost is not None
    assert host.words.host_cost.years == 4


def test_every_complaint_about_costs_comes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"cost": {**COST, "pue": 0.5, "power": 1}, "host_cost": {**HOST, "years": 0}}
    with pytest.raises(Refused) as refused:
        _environment(tmp_path, monkeypatch, wrong)
    said = str(refused.value)
    for words in ("cost.pue", "cost.power: is not a known key", "host_cost.years: found 0"):
        assert words in said
    assert "inventories/group_data/small.py" in said
