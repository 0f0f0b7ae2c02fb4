"""A replica on LocalAI: asked on its own paths, and its memory by what the driver counts."""

from typing import Any

import pytest

from deploys.questions.engine_answers import KIND_LABEL, NAME_LABEL
from deploys.render.release import PlannedReplica
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment, planned
from tests.checks.fake_docker import FakeEngine

# Skipped: its metrics say nothing of it.
PROGRESS = "each replica computes while requests run"
PARTS = "each engine takes what was planned"
PLACES = "layers are where the plan put them"
GPU = "GPU-6f0e6a10-0000-0000-0000-000000000001"
LOG = 'Jul 09 16:02:01 INFO  LocalAI version version="v4.9.0 (f7ad3f70e)"\n'
CHECK = ["CMD", "curl", "--fail", "http://127.0.0.1:8080/readyz"]


@pytest.fixture(autouse=True)
def _on_localai(deployment: Deployment) -> None:
    """chat-2 is planned onto a GPU, by LocalAI."""
    parts = {"weights": 4403.5, "kv_cache": 1024.0, "compute_buffer": 258.5, "process": 482.0}
    upper = {**parts, "compute_buffer": 266.3, "process": 533.6}
    gpu = {"device": "GPU0", "gpu": GPU, "expected_mib": parts, "upper_mib": upper}
    words = {"engine": "localai", "version": "4.9.0", "devices": [gpu], "gpu_layers": 33}
    replicas = (planned("chat-1"), planned("chat-2", **words))
    deployment.commit(
        replicas=tuple(PlannedReplica.model_validate(one, strict=False) for one in replicas)
    )
    config: dict[str, Any] = deployment.docker.containers["chat-2"]["Config"]
    config["Healthcheck"] = {"Test": CHECK}
    config["Cmd"] = ["run"]
    config["Labels"] |= {NAME_LABEL: "chat", KIND_LABEL: "generation"}
    deployment.docker.engines["chat-2"] = FakeEngine(log=LOG, counts=None)


def _holds(deployment: Deployment, mib: int) -> None:
    deployment.docker.gpu_processes = f"{GPU}, 4711, {mib}\n{GPU}, 99, 5000\n"


def test_it_is_asked_on_the_path_of_its_own_health_check(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    outcomes = run_checks("check_engines.py")
    assert failed(outcomes, skipped={PROGRESS}) == set()
    deployment.docker.engines["chat-2"] = FakeEngine(health_status=503, log=LOG, counts=None)

    outcomes = run_checks("check_engines.py")

    assert failed(outcomes, skipped={PROGRESS}) == {"each replica says it is ready"}
    assert "chat-2 is still loading its model (503)" in messages(outcomes)
    said = outcomes[f"{PROGRESS} localhost-chat-2"]["message"]
    assert "chat-2: LocalAI's /metrics do not say what it computes" in said


def test_memory_within_the_bounds_of_all_parts_passes(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _holds(deployment, 6170)

    assert failed(run_checks("check_memory.py")) == set()


@pytest.mark.parametrize("mib", [5000, 6900])
def test_memory_beyond_all_parts_together_is_found(
    mib: int, run_checks: RunChecks, deployment: Deployment
) -> None:
    _holds(deployment, mib)

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PARTS}
    assert "GPU0 all parts: planned " in messages(outcomes)
    assert f"reported {mib:,} MiB" in messages(outcomes)
    assert "the rules for LocalAI 4.9.0 are wrong" in messages(outcomes)


def test_a_backend_that_serves_from_ram_is_found(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.gpu_processes = f"{GPU}, 99, 5000\n"

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PLACES}
    assert "serves from RAM: it found no GPU that it can use" in messages(outcomes)


def test_where_no_driver_tells_it_is_said_that_localai_does_not_either(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.gpu_processes = f"{GPU}, 4711, [N/A]\n"

    outcomes = run_checks("check_memory.py")

    assert outcomes[f"{PARTS} localhost-chat-2"]["result"] == "skipped"
    assert failed(outcomes, skipped={PARTS, PLACES}) == set()
    said = "and the driver does not say what its processes hold of a GPU"
    assert f"localai tells nothing of its backend's memory, {said}" in messages(outcomes)


def test_where_it_runs_in_ram_it_is_said_that_no_driver_counts_that(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    words = planned("chat-2", engine="localai", version="4.9.0")
    replicas = (planned("chat-1"), words)
    deployment.commit(
        replicas=tuple(PlannedReplica.model_validate(one, strict=False) for one in replicas)
    )

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes, skipped={PARTS, PLACES}) == set()
    said = "localai tells nothing of its backend's memory, and no driver counts RAM for it"
    assert said in messages(outcomes)
