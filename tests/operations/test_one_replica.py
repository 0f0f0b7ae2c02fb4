"""A step of a rollout when a host is lost in the middle of it: nothing is taken for what it is not.

What replaces, proves and goes back on real hosts is shown in tests/e2e/rolling.
"""

from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api.host import Host

from deploys.history.words import LOST
from deploys.operations import one_replica, replacing, replica_turn
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Container, Service
from deploys.operations.replica_turn import NothingServes, Replica, Stopped
from deploys.operations.service_changes import Step
from deploys.render.release import ReplicaRollout

WORDS = ReplicaRollout(
    name="chat-2",
    pool="chat",
    model="chat",
    strategy="shift",
    reason="",
    drain_seconds=5,
    steady_seconds=0,
)


@dataclass
class Trial:
    """A replica on gpu2 behind gate1, one of whose answers outlives the limit."""

    proofs: list[str] = field(default_factory=list)
    """What proving ends with, in turn."""
    logs: str = ""
    """What asking the gateway's logs ends with."""
    done: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def brought(self, service: Service, file: str, *_: str) -> str:
        self.done.append(f"brought {file}")
        return "id"

    def prove(self, *_: object) -> None:
        if self.proofs:
            raise CommandFailed(self.proofs.pop(0))

    def cut_answers(self, *_: object) -> list[object]:
        if self.logs:
            raise CommandFailed(self.logs)
        return []

    def log_and_causes(self, host: Host, log: str, pool: str, failure: CommandFailed) -> str:
        self.done.append(f"asked {log}")
        return f"its log: {host.name}:{log}\ncause: of {pool}, {failure.reason}"

    def take(self) -> None:
        """Replaces it."""
        host = cast("Host", SimpleNamespace(name="gpu2", log=self.told.append))
        gateway = Gateway(cast("Host", SimpleNamespace(name="gate1")), "/srv/homeport", "gateways")
        one_replica.take(Step("replace", "gpu2", "chat-2"), Service(host, "chat-2"), [gateway])


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Trial:
    made = Trial()
    for name, value in {"words": WORDS, "log": "/failed.log", "new_file": "new"}.items():
        monkeypatch.setattr(Service, name, value)
    container = Container("id", "config", ())
    monkeypatch.setattr(replacing, "container_of", lambda service: container)
    monkeypatch.setattr(replacing, "old_file", lambda service, config: "releases/old/compose.yaml")
    monkeypatch.setattr(replacing, "old_served", lambda service, file, default: default)
    for name in ("brought", "prove"):
        monkeypatch.setattr(replacing, name, getattr(made, name))
    monkeypatch.setattr(replica_turn, "cut_answers", made.cut_answers)
    monkeypatch.setattr(Gateway, "clock", lambda self: "1795756800.5")
    monkeypatch.setattr(one_replica, "log_and_causes", made.log_and_causes)
    monkeypatch.setattr(one_replica, "standing_in", lambda replica, words: nullcontext())
    monkeypatch.setattr(one_replica, "drained", lambda replica, old, limit_seconds: 1)
    monkeypatch.setattr(Replica, "restore", lambda self: made.done.append("restored"))
    return made


def test_a_replica_that_is_right_is_restored(trial: Trial) -> None:
    trial.take()
    assert trial.done == ["brought new", "restored"]


def test_one_whose_host_is_lost_is_not_said_to_have_failed_and_stays_drained(trial: Trial) -> None:
    trial.proofs = [f"gpu2: {LOST}"]
    with pytest.raises(NothingServes) as stopped:
        trial.take()
    assert str(stopped.value) == (
        f"error: chat-2 on gpu2: gpu2: {LOST}; what it runs is not known\n"
        "hint: it stays drained until an apply succeeds"
    )
    assert trial.done == ["brought new"]


def test_one_that_is_wrong_goes_back(trial: Trial) -> None:
    trial.proofs = ["error: it answers garbage"]
    with pytest.raises(Stopped) as stopped:
        trial.take()
    first, *why, last = str(stopped.value).splitlines()
    assert "it answers garbage; it went back to its old release old" in first
    assert why == ["its log: gpu2:/failed.log", "cause: of chat, it answers garbage"]
    assert last.startswith("hint: ")
    # Before the old one starts, whose log would take its place if that fails too.
    assert trial.done == [
        "brought new",
        "asked /failed.log",
        "brought releases/old/compose.yaml",
        "restored",
    ]


def test_where_the_old_one_fails_too_the_causes_are_those_of_the_new(trial: Trial) -> None:
    trial.proofs = ["error: it answers garbage", "error: it ended"]
    with pytest.raises(NothingServes) as stopped:
        trial.take()
    assert "cause: of chat, it answers garbage" in str(stopped.value).splitlines()
    assert trial.done.count("asked /failed.log") == 1


def test_a_gateway_that_cannot_say_what_was_cut_is_no_reason_to_go_back(trial: Trial) -> None:
    trial.logs = f"gate1: {LOST}"
    trial.take()
    assert trial.done == ["brought new", "restored"]
    words = f"rollout: chat-2 on gpu2: which answers were cut cannot be asked: gate1: {LOST}"
    assert words in trial.told
