"""Engines' own accounts are held against the plan, part by part, and each check fails alone."""

import pytest

from checks.probes.engine_starts import held_mib
from deploys.render.release import PlannedReplica
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment, planned
from tests.checks.fake_docker import LOG, FakeEngine

PARTS = "each engine takes what was planned"
PLACES = "layers are where the plan put them"
GPU = "GPU-6f0e6a10-0000-0000-0000-000000000001"

ON_GPU = """\
load_tensors: offloaded 33/33 layers to GPU
load_tensors:   CPU_Mapped model buffer size =   281.81 MiB
load_tensors:        CUDA0 model buffer size =  4403.49 MiB
llama_context: n_ctx         = 8192
llama_kv_cache:      CUDA0 KV buffer size =  1024.00 MiB
sched_reserve:      CUDA0 compute buffer size =   258.50 MiB
sched_reserve:  CUDA_Host compute buffer size =    24.01 MiB
"""


def _plan_gpu(deployment: Deployment, **changes: object) -> None:
    """chat-2 is planned onto a GPU; `changes` to the parts it is expected to take there."""
    parts = {"weights": 4403.5, "kv_cache": 1024.0, "compute_buffer": 258.5, "process": 482.0}
    upper = {**parts, "compute_buffer": 266.3, "process": 533.6}
    gpu = {"device": "GPU0", "gpu": GPU, "expected_mib": parts, "upper_mib": upper, **changes}
    ram = {"device": "CPU", "expected_mib": {"weights": 281.8}, "upper_mib": {"weights": 281.8}}
    replica = planned("chat-2", devices=[gpu, ram], gpu_layers=33)
    replicas = (
        PlannedReplica.model_validate(planned("chat-1"), strict=False),
        PlannedReplica.model_validate(replica, strict=False),
    )
    deployment.commit(replicas=replicas)


def test_engines_that_take_what_was_planned_pass(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_memory.py")

    assert len(outcomes) == 4
    assert failed(outcomes) == set()


def test_engines_on_gpus_that_take_what_was_planned_pass(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment)
    deployment.docker.engines["chat-2"] = FakeEngine(log=ON_GPU)
    deployment.docker.gpu_processes = f"{GPU}, 4711, 6170\n{GPU}, 99, 5000\n"

    assert failed(run_checks("check_memory.py")) == set()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("4.00", "2.00", "CPU kv cache: planned 4.00 MiB, reported 2.00 MiB"),
        ("0.56", "8.56", "CPU weights: planned 0.56 MiB, reported 8.56 MiB"),
        ("0.85", "3.85", "CPU compute buffer: planned 0.85 to 0.90 MiB, reported 3.85 MiB"),
    ],
)
def test_a_part_beyond_its_tolerance_is_named_with_both_sides(
    old: str, new: str, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = FakeEngine(log=LOG.replace(old, new))

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PARTS}
    assert outcomes[f"{PARTS} localhost-chat-1"]["result"] == "passed"
    assert words in messages(outcomes)
    assert "remedy: " in messages(outcomes)


def test_a_process_that_holds_more_of_a_gpu_is_found(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment)
    deployment.docker.engines["chat-2"] = FakeEngine(log=ON_GPU)
    deployment.docker.gpu_processes = f"{GPU}, 4711, 6900\n"

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PARTS}
    assert "GPU0 process: planned 482.00 to 533.60 MiB, reported 1,214.01" in messages(outcomes)
    assert "homeport calibrate" in messages(outcomes)


def test_a_calibrated_part_must_repeat_itself(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment, corrections_mib={"compute_buffer": 12.0})
    log = ON_GPU.replace("258.50", "240.50")
    deployment.docker.engines["chat-2"] = FakeEngine(log=log)

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PARTS}
    assert "GPU0 compute buffer" in messages(outcomes)


def test_an_engine_that_serves_from_ram_instead_of_its_gpu_is_found(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment)
    deployment.docker.engines["chat-2"] = FakeEngine(log=f"warning: no usable GPU found\n{LOG}")

    outcomes = run_checks("check_memory.py")

    assert PLACES in failed(outcomes)
    assert "planned onto GPU0, and serves from RAM: it found no GPU" in messages(outcomes)


def test_fewer_layers_on_gpus_than_planned_are_found(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment)
    deployment.docker.engines["chat-2"] = FakeEngine(log=ON_GPU.replace("33/33", "20/33"))

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes) == {PLACES}
    assert "20 layers are on GPUs, 33 are planned" in messages(outcomes)


def test_a_log_without_its_start_is_skipped_and_says_why(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _plan_gpu(deployment)
    deployment.docker.engines["chat-2"] = FakeEngine(log="slot release: id 0 | task 3 | stop\n")

    outcomes = run_checks("check_memory.py")

    assert outcomes[f"{PARTS} localhost-chat-2"]["result"] == "skipped"
    assert outcomes[f"{PLACES} localhost-chat-2"]["result"] == "skipped"
    assert "its log holds no start in words that are known here" in messages(outcomes)
    assert "docker restart" in messages(outcomes)


def test_a_start_that_tells_of_its_memory_in_other_words_is_not_called_rotated(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = FakeEngine(log=LOG.splitlines(keepends=True)[0])

    outcomes = run_checks("check_memory.py")

    assert failed(outcomes, skipped={PARTS, PLACES}) == set()
    said = outcomes[f"{PARTS} localhost-chat-2"]["message"]
    assert "its log holds the start of llamacpp b11669, and nothing of its memory" in said
    assert "docker restart" not in said


def test_memory_of_other_processes_and_what_a_driver_does_not_tell_are_left_out() -> None:
    listing = f"{GPU}, 7, 100\n{GPU}, 8, 50\n{GPU}, 9, 1\nGPU-other, 7, [N/A]\nnonsense\n"

    assert held_mib(listing, {"PID", "7", "8"}) == {GPU: 150.0}
