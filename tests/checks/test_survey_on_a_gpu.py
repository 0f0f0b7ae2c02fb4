"""What holds of every survey, asked of a fake driver, and of a real GPU where there is one."""

import subprocess

import pytest

from deploys.facts.hardware import Hardware
from deploys.operations.hardware_choice import other_gpus
from deploys.render.release import ExpectedGpu, ExpectedHardware
from deploys.survey.changes import carried_over
from deploys.survey.text import updated_text
from tests.checks.surveying import ask

pytestmark = pytest.mark.usefixtures("any_driver")


def test_every_card_that_nvidia_smi_lists_is_surveyed_with_plausible_facts() -> None:
    found = ask(measure_context=True)
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True)
    assert all(gpu.uuid in listed.stdout for gpu in found.hardware.gpus)
    assert len(found.hardware.gpus) == listed.stdout.count("\nGPU ") + 1
    for gpu in (one for one in found.hardware.gpus if not one.mig):
        assert gpu.visible_mib
        # CUDA was seen to miss 430 to 640 MiB; a card's own error correction may take more.
        assert gpu.memory_mib - 2048 < gpu.visible_mib <= gpu.memory_mib
        assert (gpu.sm_count or 0) > 0
        assert gpu.compute_capability
        assert 20 < (gpu.process_mib or 0) < 2048
        assert gpu.pcie


def test_two_surveys_are_the_same_bytes() -> None:
    first = ask().hardware
    second = carried_over(first, ask().hardware)
    assert updated_text("", "here", {"here": first}) == updated_text("", "here", {"here": second})


def test_what_was_surveyed_is_what_an_apply_finds() -> None:
    planned = tuple(
        ExpectedGpu(
            uuid=gpu.uuid,
            name=gpu.name,
            memory_mib=gpu.memory_mib,
            compute_capability=gpu.compute_capability,
            slices=tuple(one.uuid for one in gpu.mig),
        )
        for gpu in ask().hardware.gpus
    )
    command = Hardware().command(gpus=True, environment="none")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    live = Hardware().process(done.stdout.splitlines())
    expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=planned)
    assert planned
    assert list(other_gpus(expected, live)) == []
