"""What was measured on a host changes its own plan, and no other host's."""

import pytest

from deploys.plan.placement import plan_environment
from deploys.plan.plan import Plan, Replica
from deploys.settings.calibration import Calibration, Measured
from deploys.settings.environment import Environment
from deploys.settings.refusal import Refused
from tests.plan.search.fleets import chat, environment, host

CARD = "GeForce RTX 4090"
GGUF = "llama-3.1-8b-q4_k_m"
SAFETENSORS = "llama-3.1-8b-bf16"


def _measured(engine: str, version: str, model: str, **corrections: float) -> Measured:
    words = {"engine": engine, "version": version, "gpu": CARD, "gpus": 1, "model": model}
    return Measured.model_validate({**words, "corrections_mib": {"GPU0": corrections}})


def _asked(model: str, **words: object) -> Environment:
    hosts = [host("a", "RTX 4090"), host("b", "RTX 4090")]
    return environment(hosts, {"chat": chat(model, 4096, replicas=2, **words)})


def _planned(asked: Environment, *measured: Measured) -> Plan:
    calibration = Calibration(hosts={"a": measured} if measured else {})
    return plan_environment(asked.model_copy(update={"calibration": calibration}), {})


def _on(plan: Plan, name: str) -> Replica:
    (replica,) = plan.host(name).replicas
    return replica


def _expected(replica: Replica, part: str) -> float:
    return replica.memory[0].parts[part].expected


def test_only_the_measured_host_is_corrected_and_the_plan_says_so() -> None:
    asked = _asked(GGUF)
    entry = _measured("llamacpp", "b11669", GGUF, compute_buffer=64.0, process=-30.0)
    before, after = _planned(asked), _planned(asked, entry)
    for part, mib in (("compute_buffer", 64), ("process", -30)):
        assert _expected(_on(after, "a"), part) == _expected(_on(before, "a"), part) + mib
        assert _expected(_on(after, "b"), part) == _expected(_on(before, "b"), part)
    said = "calibrated on a, b11669: compute buffer +64 MiB, process -30 MiB"
    assert said in after.pools[0].reasons
    assert _on(after, "a").corrections.by_device == entry.corrections_mib
    assert _on(after, "a").gpu_name == CARD


def test_an_outdated_measurement_changes_nothing_and_is_told() -> None:
    asked = _asked(GGUF)
    before = _planned(asked)
    after = _planned(asked, _measured("llamacpp", "b9000", GGUF, compute_buffer=64.0))
    assert _on(after, "a").memory == _on(before, "a").memory
    assert any("ignored: the calibration on a is of b9000" in one for one in after.pools[0].reasons)


def test_what_vllm_takes_beside_torch_makes_its_pool_smaller() -> None:
    asked = _asked(SAFETENSORS, slots=4)
    before = _on(_planned(asked), "a").kv_pool
    entry = _measured("vllm", "0.33.0", SAFETENSORS, outside=512.0)
    after = _on(_planned(asked, entry), "a").kv_pool
    assert before is not None
    assert before.expected_gib is not None
    assert after is not None
    assert after.expected_gib == pytest.approx(before.expected_gib - 0.5)


def test_a_process_that_was_measured_too_large_for_the_gpu_is_refused() -> None:
    entry = _measured("llamacpp", "b11669", GGUF, process=20_000.0)
    with pytest.raises(Refused):
        _planned(_asked(GGUF, hosts=["a"], engine="llamacpp", gpu_layers=33), entry)
