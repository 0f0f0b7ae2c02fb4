"""What a replica's turn says of its answers, where gateways keep connections for the next one."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api.host import Host

from deploys.operations import replica_turn
from deploys.operations.gateways import Gateway
from deploys.operations.replacing import Container, Service
from deploys.operations.replica_turn import Replica

KEPT, ANSWERS = 11, 3


@dataclass
class Fleet:
    """One gateway and one replica, and the connections between them."""

    told: list[str] = field(default_factory=list)
    connections: int = KEPT + ANSWERS

    @property
    def host(self) -> SimpleNamespace:
        return SimpleNamespace(name="gate1", log=self.told.append)

    def change(self, _mark: str) -> None:
        # Old workers close what is idle.
        self.connections = ANSWERS


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The fleet, in place of all that would ask a host."""
    made = Fleet()
    monkeypatch.setattr(replica_turn, "running", lambda *_: made.connections)
    monkeypatch.setattr(replica_turn, "wait_for_old_workers", lambda *_: None)
    monkeypatch.setattr(replica_turn, "wait_until_idle", lambda *_: made.connections)
    return made


def drained(fleet: Fleet, limit_seconds: int) -> int:
    """What is left of a replica's answers after its drain."""
    replica = Replica(Service(cast("Host", fleet.host), "chat-1"), [cast("Gateway", fleet)])
    return replica.drain(Container("id", "config", ()), limit_seconds)


def test_connections_that_are_kept_for_the_next_request_are_not_told_as_answers(
    fleet: Fleet,
) -> None:
    assert drained(fleet, 5) == ANSWERS
    assert fleet.told == [
        f"rollout: chat-1 on gate1: drained at gate1 while it gives {ANSWERS} answers",
        f"rollout: chat-1 on gate1: {ANSWERS} answers outlive the limit of 5 s and are cut",
    ]


def test_without_a_drain_they_are_told_as_connections(fleet: Fleet) -> None:
    assert drained(fleet, 0) == KEPT + ANSWERS
    (told,) = fleet.told
    assert told.endswith("not drained (drain_seconds is 0) with 14 connections of gateways")
