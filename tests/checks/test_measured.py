"""What a start teaches the next plan, and when it teaches nothing."""

import pytest

from checks.measured import NothingToLearn, measured, merged
from checks.probes.engine_logs.reported import PoolReport, Reported
from deploys.render.release import PlannedReplica
from deploys.settings.calibration import Measured
from tests.checks.deployment import planned

RAM = PlannedReplica.model_validate(planned("chat-1"), strict=False)
GPU = PlannedReplica.model_validate(
    planned(
        "chat-1",
        gpu_name="NVIDIA L4",
        devices=[{"device": "GPU0", "expected_mib": {"process": 250}, "upper_mib": {}}],
    ),
    strict=False,
)


LOCALAI = GPU.model_copy(update={"engine": "localai", "version": "4.9.0"})


def _entry(**changes: object) -> Measured:
    words = {"engine": "llamacpp", "version": "b1000", "gpu": "", "gpus": 0, "model": "tiny"}
    return Measured.model_validate({**words, "corrections_mib": {}, **changes})


def test_in_ram_the_compute_buffer_is_learned_and_arithmetic_is_not() -> None:
    parts = {"weights": 9.0, "kv_cache": 9.0, "compute_buffer": 1.0, "output_buffer": 3.0}
    found = measured(RAM, Reported("llamacpp", "b11669", {"CPU": parts}))
    assert found.corrections_mib == {"CPU": {"compute_buffer": 0.15}}
    assert (found.version, found.gpu, found.gpus) == ("b11669", "", 0)


def test_a_version_that_the_log_does_not_say_is_the_planned_one() -> None:
    assert measured(RAM, Reported("llamacpp", "", {"CPU": {"weights": 1}})).version == "b11669"


@pytest.mark.parametrize(
    ("replica", "reported", "words"),
    [
        (RAM, Reported("llamacpp"), "docker restart"),
        (LOCALAI, Reported("localai", "4.9.0", {"GPU0": {"total": 250.0}}), "does not tell"),
        (GPU, Reported("llamacpp", "", {"CPU": {"weights": 1.0}}), "serves from RAM"),
    ],
)
def test_a_start_that_says_nothing_teaches_nothing(
    replica: PlannedReplica, reported: Reported, words: str
) -> None:
    with pytest.raises(NothingToLearn, match=words):
        measured(replica, reported)


def test_a_process_of_less_than_nothing_is_not_believed() -> None:
    reported = Reported("llamacpp", "", {"GPU0": {"compute_buffer": 5.0, "process": -12.0}})
    assert measured(GPU, reported).corrections_mib == {"GPU0": {"compute_buffer": 5.0}}


def test_a_pinned_pool_says_nothing_of_what_lies_beside_it() -> None:
    plan = GPU.model_copy(update={"engine": "vllm"})
    pool = PoolReport(available_gib=20.0, is_pinned=True)
    found = measured(plan, Reported("vllm", "", {"GPU0": {"weights": 100.0}}, pool=pool))
    assert found.corrections_mib == {"GPU0": {"weights": 100.0}}


def test_a_new_version_takes_the_place_of_the_old_and_other_models_stay() -> None:
    old = (_entry(), _entry(model="other"))
    assert merged(old, [_entry(version="b2000")]) == (
        _entry(model="other"),
        _entry(version="b2000"),
    )


def test_of_two_replicas_alike_the_larger_sizes_count() -> None:
    first = _entry(corrections_mib={"CPU": {"compute_buffer": 3.0}})
    second = _entry(corrections_mib={"CPU": {"compute_buffer": 1.0, "draft": 2.0}})
    assert merged((), [first, second]) == (
        _entry(corrections_mib={"CPU": {"compute_buffer": 3.0, "draft": 2.0}}),
    )
