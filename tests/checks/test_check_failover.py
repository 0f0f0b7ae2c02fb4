"""A replica is killed: each thing that can go wrong then is told, and nothing stays broken."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checks import failover
from checks.probes import deaths
from checks.probes.deaths import Seen
from deploys.history.holder import lock_text
from tests.checks.conftest import Outcomes, RunChecks, failed, messages
from tests.checks.deployment import HOST, Deployment
from tests.checks.fake_gateway import Behaviour
from tests.e2e.release_steps import STRANGER

FAILOVER = "the others answer when a replica dies"
ADDRESSES = {"id-chat-1": "172.18.0.11:8080", "id-chat-2": "172.18.0.12:8080"}


@dataclass
class FakeDeath:
    """Kills replicas of the fake gateway, which come back at the third look."""

    behaviour: Behaviour
    lock: Path
    loses: bool = False
    """Whether requests fail while it is dead."""
    others: bool = True
    """Whether others answer."""
    back: bool = True
    again: bool = True
    """Whether it gets requests when it is back."""
    root: bool = True
    looks: int = 0
    done: list[str] = field(default_factory=list)
    victim: str = ""

    def look(self, _host: object, container: str) -> Seen:
        """Well until it is killed."""
        if container != self.victim:
            return Seen("running", "healthy", "t0")
        self.looks += 1
        if not self.back:
            return Seen("exited", "unhealthy", "t0")
        if self.looks < 3:
            return Seen("running", "starting", "t1")
        self.behaviour.models = ("tiny",)
        if self.again:
            self.behaviour.replicas = tuple(ADDRESSES.values())
        return Seen("running", "healthy", "t1")

    def kill(self, _host: object, container: str) -> bool:
        """Its address answers nothing any more."""
        self.done.append(f"killed while {'locked' if self.lock.exists() else 'free'}")
        if self.root:
            self.victim = container
            alive = [one for name, one in ADDRESSES.items() if (name == container) != self.others]
            self.behaviour.replicas = tuple(alive)
            self.behaviour.models = () if self.loses else ("tiny",)
        return self.root

    def start(self, _host: object, _container: str) -> None:
        """Notes it."""
        self.done.append("started")


@pytest.fixture
def death(
    behaviour: Behaviour, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeDeath]:
    """In place of real deaths, with waits of a second."""
    found = FakeDeath(behaviour, deployment.directory / "lock")
    for name in ("look", "kill", "start"):
        monkeypatch.setattr(deaths, name, getattr(found, name))
    for name in ("STAYS_DOWN_SECONDS", "AGAIN_SECONDS"):
        monkeypatch.setattr(failover, name, 1.0)
    yield found
    assert not found.lock.exists()


def _run(run_checks: RunChecks, url: str) -> Outcomes:
    return run_checks("check_failover.py", gateway_url=url, options=["--disruptive"])


def test_others_that_answer_and_a_replica_that_is_back_pass(
    run_checks: RunChecks, death: FakeDeath, gateway_url: str
) -> None:
    outcomes = _run(run_checks, gateway_url)
    assert failed(outcomes) == set()
    assert f"{death.victim.removeprefix('id-')} died for " in messages(outcomes)
    assert "and 0 failed" in messages(outcomes)
    assert death.done == ["killed while locked", "started"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"loses": True}, "requests that began after chat-"),
        ({"others": False}, "no other replica has answered while chat-"),
        ({"back": False}, "is not healthy again"),
        ({"again": False}, "is healthy again and gets no request from:\n  localhost"),
    ],
    ids=["requests fail", "nobody else answers", "it stays dead", "it gets nothing"],
)
def test_it_fails_and_puts_back_what_it_broke_when(
    fault: dict[str, bool],
    said: str,
    run_checks: RunChecks,
    death: FakeDeath,
    gateway_url: str,
) -> None:
    for name, value in fault.items():
        setattr(death, name, value)
    outcomes = _run(run_checks, gateway_url)
    assert [line["result"] for line in outcomes.values()] == ["failed"]
    assert said in messages(outcomes)
    assert "remedy: `docker logs`" in messages(outcomes)
    assert death.done == ["killed while locked", "started"]


def _skips(outcomes: Outcomes, death: FakeDeath, said: str) -> None:
    assert [line["result"] for line in outcomes.values()] == ["skipped"]
    assert said in messages(outcomes)
    assert not death.victim


def test_a_pool_of_one_is_skipped(
    run_checks: RunChecks, death: FakeDeath, deployment: Deployment, gateway_url: str
) -> None:
    compose = deployment.root / "compose" / "lab" / HOST / "gpu_hosts" / "compose.yaml"
    compose.write_text(compose.read_text().replace("pool: chat", "pool: old", 1))
    outcomes = _run(run_checks, gateway_url)
    assert [line["subject"] for line in outcomes.values()] == ["chat", "old"]
    assert {line["result"] for line in outcomes.values()} == {"skipped"}
    assert "old has one replica: its death is an outage" in messages(outcomes)
    assert death.done == []


def test_a_pool_whose_other_replica_is_drained_is_skipped(
    run_checks: RunChecks, death: FakeDeath, deployment: Deployment, gateway_url: str
) -> None:
    deployment.drain("chat-2", "operator")
    _skips(_run(run_checks, gateway_url), death, "of chat chat-1 alone is healthy and not drained")


def test_where_a_run_has_the_lock_nothing_is_broken_and_it_keeps_it(
    run_checks: RunChecks, death: FakeDeath, gateway_url: str
) -> None:
    death.lock.write_text(lock_text(STRANGER))
    said = "nothing is broken while others change it: error: localhost is locked by ana@elsewhere"
    _skips(_run(run_checks, gateway_url), death, said)
    assert json.loads(death.lock.read_text().splitlines()[1])["run"] == STRANGER.run
    death.lock.unlink()


def test_a_pool_to_which_no_model_leads_is_skipped(
    run_checks: RunChecks, death: FakeDeath, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.replicas = ("172.18.0.66:8080",)
    _skips(_run(run_checks, gateway_url), death, "no model of this client leads to chat")
    assert death.done == []


def test_a_host_without_root_is_skipped(
    run_checks: RunChecks, death: FakeDeath, gateway_url: str
) -> None:
    death.root = False
    _skips(_run(run_checks, gateway_url), death, "localhost gives no root to end a process")


def test_requests_that_fail_already_are_no_failover(
    run_checks: RunChecks, death: FakeDeath, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.tells = lambda number, _asked: {} if number < 1 else {"Content-Length": "9999"}
    outcomes = _run(run_checks, gateway_url)
    assert failed(outcomes) == {FAILOVER}
    assert "requests fail already, nothing was killed" in messages(outcomes)
    assert death.done == []


@pytest.mark.usefixtures("death")
def test_it_is_the_last_of_all_checks_and_runs_on_request_alone(
    run_checks: RunChecks, gateway_url: str
) -> None:
    files = ("check_failover.py", "check_sovereignty.py", "check_clients.py")
    names = [
        [line["check"] for line in run_checks(*files, gateway_url=gateway_url, **words).values()]
        for words in ({}, {"options": ["--disruptive"]})
    ]
    marked = "marked requests stay when no engine answers"
    assert not {FAILOVER, marked} & set(names[0])
    assert names[1][-2:] == [marked, FAILOVER]
