"""Measurements of a host's engines correct the next plan, and only where they hold."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.measured import measured
from checks.probes.engine_logs import llamacpp, vllm
from checks.probes.engine_logs.reported import PoolReport, Reported
from deploys.plan.arguments import LlamaCppArguments
from deploys.plan.calibration import HostMeasurements, Start, corrections_for
from deploys.plan.memory.answer import estimate
from deploys.plan.memory.configuration import (
    Case,
    Device,
    KnownWeights,
    LlamaCppConfiguration,
    VllmConfiguration,
)
from deploys.plan.memory.corrections import Corrections
from deploys.plan.memory.estimate import Estimate
from deploys.plan.plan import Replica
from deploys.render.expectations import expectation
from deploys.render.release import PlannedReplica
from deploys.settings.calibration import Measured
from deploys.settings.refusal import Refused
from tests.plan.memory.shapes import LLAMA_8B
from tests.render.plans import ARGUMENTS, MODEL, small_pool

H100 = "NVIDIA H100 80GB HBM3"
START = Start("llamacpp", "b11669", H100, 1, "llama-8b")
VLLM_START = dataclasses.replace(START, engine="vllm", version="0.33.0")
ENTRY = Measured(
    engine="llamacpp",
    version="b11669",
    gpu=H100,
    gpus=1,
    model="llama-8b",
    corrections_mib={"GPU0": {"compute_buffer": 12.0, "process": -40.0}},
)
LOGS = Path(__file__).parents[1] / "checks" / "engine_logs"


def _corrections(*entries: Measured, start: Start = START) -> Corrections:
    return corrections_for(HostMeasurements("lab", "gpu1", entries), start)


def test_the_same_engine_on_the_same_gpu_is_corrected_and_says_so() -> None:
    found = _corrections(ENTRY)
    assert found.by_device == {"GPU0": {"compute_buffer": 12.0, "process": -40.0}}
    assert found.reasons == ("calibrated on gpu1, b11669: compute buffer +12 MiB, process -40 MiB",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": "b11000"}, "ignored: the calibration on gpu1 is of b11000 on 1 x NVIDIA H100"),
        ({"gpu": "NVIDIA L4"}, "ignored: the calibration on gpu1 is of b11669 on 1 x NVIDIA L4"),
        ({"engine": "vllm"}, ""),
    ],
)
def test_what_was_measured_of_something_else_is_ignored_aloud(
    change: dict[str, object], says: str
) -> None:
    found = _corrections(ENTRY.model_copy(update=change))
    assert found.by_device == {}
    assert "".join(found.reasons).startswith(says)


def test_a_host_on_which_nothing_was_measured_is_not_corrected() -> None:
    assert corrections_for(None, START) == Corrections()


def test_of_another_model_only_what_no_model_changes_is_taken() -> None:
    found = _corrections(ENTRY.model_copy(update={"model": "other", "gpus": 2}))
    assert found.by_device == {"GPU0": {"process": -40.0}}
    assert found.reasons == ("calibrated on gpu1, b11669 with other models: process -40 MiB",)


def _estimate(
    asked: LlamaCppConfiguration | VllmConfiguration, corrections: Corrections | None = None
) -> Estimate:
    is_vllm = isinstance(asked, VllmConfiguration)
    engine, version = ("vllm", "0.33.0") if is_vllm else ("llamacpp", "b11669")
    weights = KnownWeights(gpu_mib=15316.0) if is_vllm else KnownWeights()
    quantization = "bf16" if is_vllm else "Q4_K_M"
    case = Case("", engine, version, quantization, LLAMA_8B, asked, weights)
    return estimate(dataclasses.replace(case, corrections=corrections or Corrections()))


def _planned(
    found: Estimate, start: Start, corrections: Corrections | None = None
) -> PlannedReplica:
    arguments = dataclasses.replace(ARGUMENTS, gpu_layers=33)
    replica = dataclasses.replace(
        small_pool("chat").replicas[0],
        model=MODEL,
        gpus=tuple(f"GPU-{number}" for number in range(start.gpus)),
        arguments=arguments,
        memory=found.devices,
        version=start.version,
        gpu_name=start.gpu,
        kv_pool=found.pool,
        corrections=corrections or Corrections(),
    )
    assert isinstance(replica, Replica)
    assert isinstance(replica.arguments, LlamaCppArguments)
    return expectation(replica, start.engine, start.model)


ON_GPU = LlamaCppConfiguration(context_tokens=8192, devices=(Device(H100, sm_count=132),))
ON_VLLM = VllmConfiguration(
    maximum_length_tokens=8192, total_gib=79.1, devices=(Device(H100, sm_count=132),)
)


@settings(max_examples=20, deadline=None)
@given(
    compute=st.floats(0.01, 4000).map(lambda mib: round(mib, 2)),
    process=st.integers(1, 4000),
)
def test_a_plan_that_learned_of_a_llamacpp_start_reproduces_it(
    compute: float, process: int
) -> None:
    reported = Reported("llamacpp", "b11669", {"GPU0": _parts(compute, process)})
    entry = measured(_planned(_estimate(ON_GPU), START), reported)
    parts = _estimate(ON_GPU, _corrections(entry)).gpus[0].parts
    assert parts["compute_buffer"].expected == pytest.approx(compute, abs=0.001)
    assert parts["process"].expected == pytest.approx(process, abs=0.001)
    assert all(part.upper >= part.expected for part in parts.values())


def _parts(compute: float, process: float) -> dict[str, float]:
    return {"weights": 4403.5, "kv_cache": 1024.0, "compute_buffer": compute, "process": process}


@settings(deadline=None)
@given(
    pool=st.floats(1, 60).map(lambda gib: round(gib, 2)),
    weights=st.floats(14.5, 15.5).map(lambda gib: round(gib, 2)),
    activation=st.floats(0.1, 3).map(lambda gib: round(gib, 2)),
)
def test_a_plan_that_learned_of_a_vllm_start_has_its_pool(
    pool: float, weights: float, activation: float
) -> None:
    parts = {"weights": weights * 1024, "compute_buffer": activation * 1024, "graphs": 600.0}
    reported = Reported("vllm", "0.33.0", {"GPU0": parts}, pool=PoolReport(available_gib=pool))
    try:
        entry = measured(_planned(_estimate(ON_VLLM), VLLM_START), reported)
        found = _estimate(ON_VLLM, _corrections(entry, start=VLLM_START)).pool
    except Refused:
        # The parts say more than the budget holds: less than nothing is left for the rest.
        assert weights + activation + 600 / 1024 + pool > 79.1 * 0.92
        return
    assert found is not None
    assert found.expected_gib == pytest.approx(pool, rel=0.005)
    assert found.lowest_gib == pytest.approx(pool, rel=0.005)


def test_a_plan_that_learned_of_the_log_of_0_33_has_its_pool_and_tokens() -> None:
    reported = vllm.read((LOGS / "vllm-0.33.log").read_text().splitlines())
    before = _estimate(ON_VLLM)
    corrections = _corrections(measured(_planned(before, VLLM_START), reported), start=VLLM_START)
    after = _estimate(ON_VLLM, corrections)
    assert before.pool is not None
    assert after.pool is not None
    assert before.pool.expected_gib is not None
    assert after.pool.expected_gib is not None
    assert abs(after.pool.expected_gib - 54.71) < abs(before.pool.expected_gib - 54.71)
    assert after.pool.expected_gib == pytest.approx(54.71, rel=0.005)
    assert after.gpus[0].parts["weights"].expected == pytest.approx(15.27 * 1024)


def test_measuring_again_what_was_learned_changes_nothing() -> None:
    reported = llamacpp.read((LOGS / "llamacpp-2024-one-gpu.log").read_text().splitlines())
    first = measured(_planned(_estimate(ON_GPU), START), reported)
    corrections = _corrections(first)
    again = measured(_planned(_estimate(ON_GPU, corrections), START, corrections), reported)
    assert first.corrections_mib["GPU0"].keys() == {"compute_buffer"}
    assert again.corrections_mib["GPU0"]["compute_buffer"] == pytest.approx(
        first.corrections_mib["GPU0"]["compute_buffer"], abs=0.001
    )


@pytest.mark.parametrize("part", ["compute_buffer", "process"])
def test_a_correction_that_leaves_less_than_nothing_is_refused_at_its_place(part: str) -> None:
    corrections = _corrections(
        ENTRY.model_copy(update={"corrections_mib": {"GPU0": {part: -5000.0}}})
    )
    with pytest.raises(Refused) as refused:
        _estimate(ON_GPU, corrections)
    (complaint,) = refused.value.complaints
    assert complaint.file == "inventories/calibration/lab.yaml"
    assert complaint.path == f"hosts.gpu1.0.corrections_mib.GPU0.{part}"
    assert "leaves less than nothing" in complaint.found
