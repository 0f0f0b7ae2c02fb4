"""A candidate's engines: those that crashed are told from those that a rollout replaced."""

from pathlib import Path

import pytest

from checks.canary import engines
from checks.canary.engines import engines_gate
from checks.committed import read_committed
from checks.probes.host import Unreachable
from deploys.settings import inventory
from tests.checks.deployment import Deployment, deploy
from tests.cli.canary_gateway import HOST

STARTED = "2026-11-26T04:00:00.123456789Z"
EPOCH = 1795665600


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Two replicas of pool `chat`."""
    found = deploy(tmp_path)
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    found.docker.containers["chat-1"]["State"]["StartedAt"] = STARTED
    return found


def gate(deployment: Deployment, since: int = EPOCH) -> tuple[str, str]:
    """Verdict and words."""
    deployment.docker.write()
    committed = read_committed(deployment.root, "lab")
    found = engines_gate(committed, deployment.root, "chat", since)
    return found.verdict, found.words


def test_engines_that_run_pass_with_their_queues(deployment: Deployment) -> None:
    (deployment.docker.folder / "id-chat-1.metrics").write_text("")
    verdict, words = gate(deployment)
    assert verdict == "passes"
    assert words.startswith("chat-1 runs")


@pytest.mark.parametrize(
    ("restarts", "since", "verdict"),
    [(2, EPOCH, "fails"), (2, EPOCH + 1, "passes"), (0, 0, "passes")],
)
def test_a_start_after_a_crash_within_the_step_fails(
    deployment: Deployment, restarts: int, since: int, verdict: str
) -> None:
    deployment.docker.containers["chat-1"]["RestartCount"] = restarts
    found, words = gate(deployment, since)
    assert found == verdict
    assert ("has crashed, 2 times in all" in words) == (verdict == "fails")


def test_a_host_that_gives_no_answer_is_waited_for(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        engines, "observe_all", lambda *_: {"localhost": Unreachable("localhost", "no route")}
    )
    assert gate(deployment) == ("waits", "localhost is unreachable: no route")


def test_an_engine_that_does_not_run_fails(deployment: Deployment) -> None:
    deployment.docker.containers["chat-1"]["State"]["Status"] = "restarting"
    del deployment.docker.containers["chat-2"]
    assert gate(deployment) == ("fails", "chat-1 is restarting; chat-2 is missing")
