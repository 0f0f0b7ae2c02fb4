"""Each replica by itself, asked inside its own container: no gateway can hide an ill one."""

from collections.abc import Callable

import pytest

from checks.committed import Replica
from checks.fleet import Fleet
from checks.probes.engines import EngineAnswer
from checks.verdict import fail, require
from deploys.questions.engine_answers import missing
from deploys.watching.metrics import Metrics, stands_still

ASKED_FOR = {
    "generation": "a chat completion",
    "embeddings": "a request for vectors",
    "reranking": "a request for ranks",
}
LOGS = "`docker logs` of its container says what happened; homeport apply starts it anew"
COUNTERS = (
    "the watch and alerts go by these counters, and would call it hung: does another version of "
    "the engine run than was planned? check_drift tells"
)


def check_each_replica_says_it_is_ready(
    replica: Replica, engine_answer: EngineAnswer, engine_causes: Callable[[], list[str]]
) -> None:
    """What its own health check asks: 503 while it loads, 200 once it can answer."""
    status = engine_answer.health_status
    words = {0: "does not answer on port 8080", 503: "is still loading its model (503)"}
    if status != 200:
        fail(
            f"{replica.name} {words.get(status, f'says {status}')}",
            "wait for a large model to load; otherwise " + LOGS,
            engine_causes(),
        )


def check_each_replica_answers_a_completion(
    replica: Replica, engine_answer: EngineAnswer, engine_causes: Callable[[], list[str]]
) -> None:
    """A process that listens and loads may still be unable to compute: text, vectors or ranks."""
    wanted = ASKED_FOR[engine_answer.kind]
    said = f"{engine_answer.completion_status}: {engine_answer.completion[:200]}"
    if engine_answer.completion_status != 200:
        fail(
            f"{replica.name} refuses {wanted} with {said}"
            if engine_answer.completion_status
            else f"{replica.name} does not answer {wanted} in time",
            LOGS,
            engine_causes(),
        )
    if engine_answer.kind != "generation":
        lacks = missing(engine_answer.kind, engine_answer.document)
        found = f"{replica.name} answers with {lacks}: {engine_answer.completion[:200]}"
        require(not lacks, found, "is the model one for this kind? " + LOGS)
        return
    require(
        engine_answer.tokens > 0,
        f"{replica.name} answers without a single token: {engine_answer.completion[:200]}",
        "check the model file's chat template and end-of-text token; " + LOGS,
    )


def check_each_replica_computes_while_requests_run(
    replica: Replica,
    fleet: Fleet,
    engine_answer: EngineAnswer,
    engine_causes: Callable[[], list[str]],
) -> None:
    """By its own counters, read before and after that completion; the watch goes by the same ones.

    Requests that run while no counter moves are a hung engine. Counters that do not know of an
    answer would have the watch restart an engine that is well. LocalAI alone has none; where
    another engine's tell nothing, the watch is blind.
    """
    before, after = engine_answer.before, engine_answer.after
    if before is None or after is None or before.steps is None or after.steps is None:
        _skip_where_none_are_promised(replica, fleet, engine_answer)
        found = f"{replica.name} is ready, and its /metrics do not say what it computes"
        fail(found, COUNTERS, engine_causes())
    if after.steps < before.steps:
        pytest.skip(f"{replica.name} was started anew meanwhile: its counters say nothing")
    # A refusal comes at once: others' steps may take longer than that.
    if engine_answer.completion_status == 0 and stands_still(before.steps, after):
        fail(
            f"{replica.name} holds {after.busy:.0f} requests that run or wait, and computes "
            f"nothing: its counters stood still at {after.steps:.0f} while it was asked",
            "`docker restart` of its container; with `watch` in the settings its host does that",
            engine_causes(),
        )
    if engine_answer.completion_status == 200:
        _counted(replica.name, engine_answer.tokens, after.steps - before.steps, before, after)


def _skip_where_none_are_promised(replica: Replica, fleet: Fleet, answer: EngineAnswer) -> None:
    planned = fleet.committed[replica.host].release.replicas
    if any(one.name == replica.name and one.engine == "localai" for one in planned):
        pytest.skip(f"{replica.name}: LocalAI's /metrics do not say what it computes")
    if answer.health_status != 200:
        pytest.skip(f"{replica.name} is not ready, and its /metrics do not say what it computes")


def _counted(name: str, tokens: int, steps: float, before: Metrics, after: Metrics) -> None:
    """An answer stands in the counters, beside others' answers."""
    require(steps > 0, f"{name} has answered, and its counters did not move", COUNTERS)
    if before.generated is not None and after.generated is not None:
        counted = after.generated - before.generated
        found = f"{name} has answered {tokens} tokens, and its counter of them moved by"
        require(counted >= tokens, f"{found} {counted:.0f}", COUNTERS)


def check_each_replica_is_held_to_its_memory(replica: Replica, engine_answer: EngineAnswer) -> None:
    """The limit that the kernel enforces, not the one that Docker was told."""
    enforced, committed = engine_answer.memory_limit_bytes, replica.memory_limit_bytes
    found = f"{enforced // 2**20} MiB" if enforced is not None else "none that the kernel knows"
    require(
        enforced == committed,
        f"{replica.name} is committed to {committed // 2**20} MiB, its limit is {found}",
        "homeport apply restores the limit; a kernel without memory control groups needs "
        "`cgroup_enable=memory` on its command line",
    )
