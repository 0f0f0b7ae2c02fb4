"""A replica that is far slower than its GPU allows is found, and only where that can be told."""

import pytest

from deploys.render.release import PlannedReplica
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment, planned
from tests.checks.fake_docker import COMPLETION, FakeEngine

SPEED = "each engine is as fast as its gpus let it"
BOUND = {"bound_tokens_per_second": 100.0, "suspicious_tokens_per_second": 50.0}


def _answering(tokens_per_second: float, running: int = 0) -> FakeEngine:
    timings = {"predicted_per_second": tokens_per_second}
    return FakeEngine(completion={**COMPLETION, "timings": timings}, running=running)


@pytest.fixture(autouse=True)
def _on_a_gpu(deployment: Deployment) -> None:
    """chat-2 has a bound, chat-1 runs where none is known."""
    replicas = (planned("chat-1"), planned("chat-2", speed=BOUND, gpu_name="NVIDIA L4"))
    deployment.commit(
        replicas=tuple(PlannedReplica.model_validate(one, strict=False) for one in replicas)
    )


def test_an_engine_within_its_bound_passes_and_one_without_a_bound_is_not_asked(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = _answering(61.0)

    outcomes = run_checks("check_speed.py")

    assert {name: one["result"] for name, one in outcomes.items()} == {
        f"{SPEED} localhost-chat-2": "passed"
    }


def test_a_slow_engine_is_told_its_share_of_what_the_gpu_can(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = _answering(30.0)

    outcomes = run_checks("check_speed.py")

    assert failed(outcomes) == {SPEED}
    assert "30% of the 100 that NVIDIA L4 can at most" in messages(outcomes)


def test_an_engine_that_works_for_others_is_not_judged(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = _answering(30.0, running=3)

    outcomes = run_checks("check_speed.py")

    assert [one["result"] for one in outcomes.values()] == ["skipped"]
    assert "works on 3 other requests" in messages(outcomes)


def test_an_engine_that_does_not_say_how_fast_it_was_is_not_judged(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = FakeEngine(completion=COMPLETION)

    outcomes = run_checks("check_speed.py")

    assert [one["result"] for one in outcomes.values()] == ["skipped"]
    assert "does not say how fast it answers" in messages(outcomes)
