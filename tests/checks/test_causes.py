"""A check that found a container ill says why, by the container's log, and what to change."""

from pathlib import Path
from typing import Any

import pytest

from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_docker import LOG, FakeEngine

KEY = "hp-3f9a1c0b7d2e4f5a6b8c9d0e1f2a3b4c"
WORDS = (
    "gguf_init_from_file: failed to open GGUF file '/models/tiny.gguf' (No such file or directory)"
)
MISSING = f"{LOG}{WORDS}\n"
CAUSE = "cause: the model's file"
ENDED = "not running:\n  chat-2: exited (exit code 1)\n"


def _end(deployment: Deployment, service: str, log: str) -> None:
    state = deployment.docker.containers[service]["State"]
    state.update(Status="exited", ExitCode=1)
    deployment.docker.engines[service].log = log


def _told(outcomes: dict[str, Any], check: str) -> str:
    return "\n".join(line["message"] for line in outcomes.values() if line["check"] == check)


def test_of_one_that_ended_the_logs_cause_and_remedy_follow(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _end(deployment, "chat-2", MISSING)

    told = _told(run_checks("check_hosts.py"), "every service runs")

    first, service, cause, evidence, *remedies = told.splitlines()
    assert f"{first}\n{service}\n" == ENDED
    assert cause.startswith(f"chat-2: {CAUSE}")
    assert evidence == f"  evidence: {WORDS}"
    assert remedies
    assert all(line.startswith("remedy: ") for line in remedies)
    assert "`homeport apply lab`" in told
    assert remedies[-1].startswith("remedy: `docker logs` says why it ended")


def test_what_several_end_for_is_told_once(run_checks: RunChecks, deployment: Deployment) -> None:
    for service in ("chat-1", "chat-2"):
        _end(deployment, service, MISSING)

    told = _told(run_checks("check_hosts.py"), "every service runs")

    assert told.count("cause: ") == 1
    assert f"chat-1, chat-2: {CAUSE}" in told


@pytest.mark.parametrize("log", ["", LOG, "nobody knows these words\n"])
def test_where_the_log_says_nothing_that_is_known_nothing_is_added(
    log: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    _end(deployment, "chat-2", log)

    told = _told(run_checks("check_hosts.py"), "every service runs")

    assert told == f"{ENDED}remedy: `docker logs` says why it ended; homeport apply starts it"


@pytest.mark.parametrize(
    ("path", "value", "check"),
    [
        ("Health", {"Status": "unhealthy"}, "every container is healthy"),
        ("Status", "restarting", "no container restarts in a loop"),
    ],
)
def test_the_unhealthy_and_the_looping_are_explained_as_well(
    path: str, value: object, check: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.containers["chat-2"]["State"][path] = value
    deployment.docker.engines["chat-2"].log = MISSING

    assert f"chat-2: {CAUSE}" in _told(run_checks("check_hosts.py"), check)


@pytest.mark.parametrize(
    ("engine", "check"),
    [
        (FakeEngine(health_status=0, log=MISSING), "each replica says it is ready"),
        (FakeEngine(completion_status=500, log=MISSING), "each replica answers a completion"),
    ],
)
def test_an_engine_that_does_not_answer_is_explained(
    engine: FakeEngine, check: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = engine

    outcomes = run_checks("check_engines.py")

    assert failed(outcomes) == {check}
    assert f"chat-2: {CAUSE}" in messages(outcomes)


def test_the_remedy_names_the_pool(run_checks: RunChecks, deployment: Deployment) -> None:
    labels = deployment.docker.containers["chat-2"]["Config"]["Labels"]
    labels["homeport.pool"] = "talk"
    _end(
        deployment,
        "chat-2",
        "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: "
        "cudaMalloc failed: out of memory\n",
    )

    told = _told(run_checks("check_hosts.py"), "every service runs")

    assert "remedy: inventories/group_data/lab.py: pools.talk." in told


def test_no_key_of_the_log_is_told_and_no_bytes_hinder(
    run_checks: RunChecks, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _end(deployment, "chat-2", "")
    line = f"{WORDS} --api-key {KEY} Authorization: Bearer {KEY}\n".encode()
    write = deployment.docker.write

    def written() -> None:
        write()
        log: Path = deployment.docker.folder / "id-chat-2.log"
        log.write_bytes(b"\xff\xfe\x00garbage \x80\n" + line)

    monkeypatch.setattr(deployment.docker, "write", written)
    told = _told(run_checks("check_hosts.py"), "every service runs")

    assert f"chat-2: {CAUSE}" in told
    assert KEY not in told


def test_a_log_that_cannot_be_had_takes_nothing_from_the_finding(
    run_checks: RunChecks, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _end(deployment, "chat-2", MISSING)
    write = deployment.docker.write

    def written() -> None:
        write()
        (deployment.docker.folder / "id-chat-2.log").unlink()

    monkeypatch.setattr(deployment.docker, "write", written)
    told = _told(run_checks("check_hosts.py"), "every service runs")

    assert told.startswith(ENDED)
    assert "cause: " not in told
