"""Each check of an engine fails for its own reason, and for that replica alone."""

import pytest

from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_docker import FakeEngine

READY = "each replica says it is ready"
COMPLETION = "each replica answers a completion"
MEMORY = "each replica is held to its memory"
PROGRESS = "each replica computes while requests run"


def test_engines_as_committed_pass_every_check(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_engines.py")

    assert len(outcomes) == 8
    assert failed(outcomes) == set()


@pytest.mark.parametrize(
    ("engine", "check", "words"),
    [
        (FakeEngine(health_status=503), READY, "still loading its model"),
        (FakeEngine(health_status=0), READY, "does not answer on port 8080"),
        (FakeEngine(completion_status=500), COMPLETION, "refuses a chat completion with 500"),
        (FakeEngine(completion_status=0), COMPLETION, "does not answer a chat completion in time"),
        (FakeEngine(completion={"choices": []}), COMPLETION, "without a single token"),
        (FakeEngine(counts=None), PROGRESS, "is ready, and its /metrics do not say what it"),
        (FakeEngine(counts=0), PROGRESS, "has answered, and its counters did not move"),
        (FakeEngine(counts=7), PROGRESS, "answered 8 tokens, and its counter of them moved by 7"),
        (FakeEngine(memory_limit="max"), MEMORY, "its limit is none that the kernel knows"),
        (FakeEngine(memory_limit=str(2**30)), MEMORY, "committed to 512 MiB, its limit is 1024"),
    ],
    ids=[
        "is loading",
        "is deaf",
        "cannot compute",
        "hangs",
        "says nothing",
        "has no counters",
        "counts nothing",
        "counts too little",
        "has no memory limit",
        "has another memory limit",
    ],
)
def test_exactly_one_check_fails_when_an_engine(
    engine: FakeEngine, check: str, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = engine

    outcomes = run_checks("check_engines.py")

    assert failed(outcomes) == {check}
    assert outcomes[f"{check} localhost-chat-1"]["result"] == "passed"
    assert words in messages(outcomes)


def test_an_engine_that_is_not_running_is_not_asked(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.containers["chat-2"]["State"]["Status"] = "exited"

    outcomes = run_checks("check_engines.py")

    assert failed(outcomes) == {READY, COMPLETION, MEMORY, PROGRESS}
    assert "chat-2 on localhost is not running" in messages(outcomes)


def test_requests_that_run_while_no_counter_moves_are_a_hung_engine(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = FakeEngine(completion_status=0, running=3, counts=0)
    outcomes = run_checks("check_engines.py")
    assert failed(outcomes) == {COMPLETION, PROGRESS}
    found = outcomes[f"{PROGRESS} localhost-chat-2"]["message"]
    assert "chat-2 holds 3 requests that run or wait, and computes nothing" in found
    assert "stood still at 140" in found
    assert "remedy: `docker restart`" in found


@pytest.mark.parametrize(
    "engine",
    [
        FakeEngine(completion_status=0, running=3),
        FakeEngine(completion_status=0, counts=0),
        FakeEngine(completion_status=500, running=3, counts=0),
    ],
    ids=["is slow", "is idle", "refuses at once"],
)
def test_an_engine_is_not_called_hung_that(
    engine: FakeEngine, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = engine
    outcomes = run_checks("check_engines.py")
    assert failed(outcomes) == {COMPLETION}


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (
            FakeEngine(counts=None, health_status=503),
            "chat-2 is not ready, and its /metrics do not say what it computes",
        ),
        (FakeEngine(counts=-8), "was started anew meanwhile"),
    ],
)
def test_counters_that_tell_nothing_are_said(
    engine: FakeEngine, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = engine
    outcomes = run_checks("check_engines.py")
    found = outcomes[f"{PROGRESS} localhost-chat-2"]
    ill = {READY} if engine.health_status != 200 else set()
    assert (found["result"], failed(outcomes, skipped={PROGRESS})) == ("skipped", ill)
    assert words in found["message"]


@pytest.mark.parametrize(
    ("flags", "answer", "found"),
    [
        (["--embeddings"], {"data": [{"embedding": [0.5]}] * 2}, ""),
        (["--embeddings"], {"data": [{"embedding": [0.5]}]}, "1 of 2 times `embedding`"),
        (["--reranking"], {"results": [{"relevance_score": 0.5}] * 2}, ""),
        (["--reranking"], {"data": [{"embedding": [0.5]}] * 2}, "0 of 2 times `relevance_score`"),
        (["--runner", "pooling", "--convert", "embed"], {"data": [{"embedding": [1]}] * 2}, ""),
    ],
)
def test_an_engine_that_gives_no_text_is_asked_for_what_it_gives(
    flags: list[str],
    answer: dict[str, object],
    found: str,
    run_checks: RunChecks,
    deployment: Deployment,
) -> None:
    deployment.docker.containers["chat-2"]["Args"] = ["--alias", "tiny", *flags]
    deployment.docker.engines["chat-2"] = FakeEngine(completion=answer)
    outcomes = run_checks("check_engines.py")
    assert failed(outcomes) == ({COMPLETION} if found else set())
    assert found in messages(outcomes)
