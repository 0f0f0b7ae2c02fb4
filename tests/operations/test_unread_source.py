"""pyinfra's order of operations is the same, and no source is read for it."""

import inspect
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyinfra.api import util
from pyinfra.api.state import State

from deploys.operations.unread_source import read_no_source


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What pyinfra, as it is at first, reads the source of; put back afterwards."""
    for name in ("stack", "getframeinfo"):
        monkeypatch.setattr(util, name, getattr(inspect, name))
    found: list[object] = []
    find = inspect.findsource

    def noticing(one: Any) -> Any:  # noqa: ANN401 - inspect's
        found.append(one)
        return find(one)

    monkeypatch.setattr(inspect, "findsource", noticing)
    return found


def _order() -> list[int]:
    """As if whoever asks were an operation in this file."""
    state = SimpleNamespace(current_deploy_filename=__file__, current_op_file_number=7)
    return list(util.get_operation_order_from_stack(cast("State", state)))


def test_the_order_is_the_same_and_no_source_is_read(sources: list[object]) -> None:
    orders, read = [], []
    for change in (list, read_no_source):
        change()
        orders.append(_order())
        read.append(len(sources))
        sources.clear()
    assert orders[0] == orders[1] != []
    # Once pyinfra reads none by itself, there is nothing left to do here.
    assert read[0] > 0
    assert read[1] == 0
