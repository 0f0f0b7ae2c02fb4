"""Gateways that are replaced one after the other stop at the first that fails."""

from types import SimpleNamespace
from typing import Any

import pytest

from deploys.operations import compose
from deploys.operations.compose import _failed_elsewhere

OPERATION = "the operation's hash"


class Meta:
    """How an operation ended on a host: True, False, or None while it has not."""

    def __init__(self, ending: bool | None) -> None:
        self.ending = ending

    def is_complete(self) -> bool:
        return self.ending is not None

    def did_succeed(self) -> bool:
        return self.ending is True


def stand(monkeypatch: pytest.MonkeyPatch, other: Meta | None, *, executing: bool = True) -> None:
    """Has this host's turn come, with another host in this state."""
    here, there = SimpleNamespace(current_op_hash=OPERATION), object()
    operations: dict[str, Any] = {}
    if other is not None:
        operations[OPERATION] = SimpleNamespace(operation_meta=other)
    inventory = SimpleNamespace(get_active_hosts=lambda: [here, there])
    # By identity: these stand for pyinfra's hosts, which are keys by it.
    ops = type("Ops", (), {"__getitem__": lambda *_: operations})()
    here.state = SimpleNamespace(is_executing=executing, inventory=inventory, ops=ops)
    monkeypatch.setattr(compose, "host", here)


@pytest.mark.parametrize(
    ("other", "is_stopped"),
    [(Meta(False), True), (Meta(True), False), (Meta(None), False), (None, False)],
    ids=["failed", "succeeded", "has not begun", "has no gateway"],
)
def test_a_host_is_left_alone_only_after_another_has_failed(
    monkeypatch: pytest.MonkeyPatch, other: Meta | None, is_stopped: bool
) -> None:
    stand(monkeypatch, other)
    assert _failed_elsewhere() is is_stopped


def test_nothing_is_judged_while_pyinfra_still_prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    stand(monkeypatch, Meta(False), executing=False)
    assert not _failed_elsewhere()
