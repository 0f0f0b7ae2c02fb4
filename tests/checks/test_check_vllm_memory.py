"""vLLM's own account of its KV pool is held against the plan: its size, its tokens, its blocks."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from checks.memory_comparison import differences
from checks.probes.engine_logs import vllm
from deploys.render.expectations import expectations
from deploys.render.release import PlannedReplica
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment, planned
from tests.checks.fake_docker import FakeEngine
from tests.plan.search import fleets

PARTS = "each engine takes what was planned"
GPU = "GPU-6f0e6a10-0000-0000-0000-000000000001"
WEIGHTS_GIB = 15.27
# The sizes of tests/checks/engine_logs/vllm-0.33.log, with blocks of 16 tokens.
POOL = {
    "budget_gib": 72.77,
    "expected_gib": 54.71,
    "lowest_gib": 54.0,
    "tokens": 398_336,
    "blocks": 24_896,
}
Told = Callable[..., str]


def _log(
    pool_gib: float = 54.71,
    tokens: int = 398_336,
    blocks: int = 24_896,
    weights_gib: float = WEIGHTS_GIB,
) -> str:
    return (
        "INFO [core.py:140] Initializing a V1 LLM engine (v0.33.0) with config: model='/models'\n"
        f"INFO [gpu_model_runner.py:5089] Model loading took {weights_gib:.2f} GiB memory\n"
        f"INFO [gpu_worker.py:773] Available KV cache memory: {pool_gib:.2f} GiB\n"
        f"INFO [kv_cache_utils.py:1147] GPU KV cache size: {tokens:,} tokens\n"
        # In the words of versions before 0.9, which print no tokens.
        f"INFO [executor_base.py:108] # GPU blocks: {blocks}, # CPU blocks: 0\n"
    )


@pytest.fixture
def told(run_checks: RunChecks, deployment: Deployment) -> Told:
    """What the checks say of a start of chat-2 with vLLM; empty: all is as planned."""

    def asked(log: str, **corrections: float) -> str:
        weights = {"weights": WEIGHTS_GIB * 1024}
        gpu = {"device": "GPU0", "gpu": GPU, "expected_mib": weights, "upper_mib": weights}
        devices = [{**gpu, "corrections_mib": corrections}]
        replica = planned("chat-2", engine="vllm", version="0.33.0", devices=devices, pool=POOL)
        words = (planned("chat-1"), replica)
        replicas = tuple(PlannedReplica.model_validate(one, strict=False) for one in words)
        deployment.commit(replicas=replicas)
        deployment.docker.engines["chat-2"] = FakeEngine(log=log)
        outcomes = run_checks("check_memory.py")
        assert failed(outcomes) <= {PARTS}
        return messages(outcomes) if failed(outcomes) else ""

    return asked


@pytest.mark.parametrize("pool_gib", [54.71, 53.0, 56.5])
def test_a_pool_within_the_stated_error_passes(told: Told, pool_gib: float) -> None:
    share = pool_gib / 54.71
    assert told(_log(pool_gib, int(398_336 * share), int(24_896 * share))) == ""


@pytest.mark.parametrize(
    ("pool_gib", "remedy"),
    [(52.5, "homeport plan says whether it still fits"), (56.9, "more may fit now")],
)
def test_a_pool_beyond_the_stated_error_is_named_with_both_sizes(
    told: Told, pool_gib: float, remedy: str
) -> None:
    share = pool_gib / 54.71
    said = told(_log(pool_gib, int(398_336 * share), int(24_896 * share)))
    assert f"planned 54.71 GiB (at least 54.00), reported {pool_gib:.2f} GiB" in said
    assert "in the KV pool: " not in said
    assert f"homeport calibrate stores what was measured for the next plan; then {remedy}" in said


def test_a_pool_that_was_calibrated_must_repeat_itself(told: Told) -> None:
    log = _log(55.2, int(398_336 * 55.2 / 54.71), int(24_896 * 55.2 / 54.71))
    assert told(log) == ""
    assert "each GPU KV pool: planned 54.71 GiB" in told(log, outside=200.0)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (_log(tokens=396_000), "tokens in the KV pool: planned 398,336 in 54.71 GiB"),
        (_log(tokens=401_000), "tokens in the KV pool: planned 398,336 in 54.71 GiB"),
        (_log(blocks=24_700), "blocks in the KV pool: planned 24,896 in 54.71 GiB"),
        (_log(blocks=12_448), "blocks in the KV pool: planned 24,896 in 54.71 GiB"),
        (_log(weights_gib=16.0), "GPU0 weights: planned 15,636.48 MiB, reported 16,384.00 MiB"),
    ],
)
def test_each_number_that_follows_from_the_model_is_compared(
    told: Told, log: str, words: str
) -> None:
    said = told(log)
    assert said.count(": planned ") == 1
    assert words in said
    assert "the rules for 0.33.0 are wrong for this model" in said


def test_what_the_planner_expects_of_vllm_is_no_difference_and_other_blocks_are() -> None:
    fleet = [fleets.host("a", "H100 SXM")]
    words = fleets.chat("llama-3.1-8b-bf16", 8192, engine="vllm", slots=8)
    plan = fleets.planned(fleet, chat=words)
    (expected,) = expectations(plan, plan.hosts[0])
    pool = expected.pool
    assert pool is not None
    weights_gib = expected.devices[0].expected_mib["weights"] / 1024
    log = _log(pool.expected_gib, pool.tokens, pool.blocks, weights_gib)
    reported = vllm.read(log.splitlines())
    assert differences(expected, reported) == []
    assert reported.pool is not None
    halved = replace(reported, pool=replace(reported.pool, blocks=pool.blocks // 2))
    assert [one.part for one in differences(expected, halved)] == ["blocks in the KV pool"]
