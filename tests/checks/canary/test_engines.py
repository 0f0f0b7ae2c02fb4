"""A candidate's engines: those that crashed are told from those that a rollout replaced."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.canary import engines
from checks.canary.engines import engines_gate
from checks.committed import read_committed
from checks.probes.host import Unreachable
from deploys.settings import inventory
from tests.checks.deployment import Deployment, deploy
from tests.cli.canary_gateway import HOST
from tests.environments import ROOT

STARTED = "2026-11-26T04:00:00.123456789Z"
EPOCH = 1795665600
# As real engines say it.
EXPOSITIONS = ROOT / "tests" / "render" / "monitors" / "expositions"


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """Two replicas of pool `chat`."""
    found = deploy(tmp_path)
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    found.docker.containers["chat-1"]["State"]["StartedAt"] = STARTED
    return found


def gate(deployment: Deployment, since: int = EPOCH, *, write: bool = True) -> tuple[str, str]:
    """Verdict and words; unless `write`, of what lies there already."""
    if write:
        deployment.docker.write()
    committed = read_committed(deployment.root, "lab")
    found = engines_gate(committed, deployment.root, "chat", since)
    return found.verdict, found.words


@pytest.mark.parametrize(
    ("engine", "changes", "words"),
    [
        ("llamacpp", {"llamacpp:requests_deferred": "3"}, "3 waiting"),
        (
            "vllm",
            {
                'vllm:num_requests_waiting{engine="0",model_name="large"}': "2.0",
                'vllm:num_preemptions_total{engine="0",model_name="large"}': "17.0",
            },
            "2 waiting, 17 preempted",
        ),
        ("llamacpp", {}, "0 waiting"),
        ("vllm", {}, "0 waiting, 0 preempted"),
    ],
)
def test_engines_that_run_pass_with_their_queues(
    deployment: Deployment, engine: str, changes: Mapping[str, str], words: str
) -> None:
    told = (EXPOSITIONS / f"{engine}.txt").read_text()
    for series, value in changes.items():
        told, count = re.subn(rf"(?m)^{re.escape(series)} \S+$", f"{series} {value}", told)
        assert count == 1
    # The other replica's is written by itself.
    (deployment.docker.folder / "id-chat-1.metrics").write_text(told)
    verdict, found = gate(deployment, write=False)
    assert verdict == "passes"
    assert found.startswith(f"chat-1 runs ({words}); chat-2 runs")


def test_an_engine_that_tells_nothing_of_itself_runs_all_the_same(deployment: Deployment) -> None:
    (deployment.docker.folder / "id-chat-1.metrics").write_text("")
    verdict, words = gate(deployment, write=False)
    assert verdict == "passes"
    assert words.startswith("chat-1 runs; chat-2 runs")


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
