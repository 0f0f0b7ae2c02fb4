"""An apply onto hardware that is not what was planned with ends before any host is touched."""

from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.render.release import ExpectedGpu, ExpectedHardware
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid
from tests.operations.committed_release import ROOT, write_release

pytestmark = pytest.mark.deploys

PREFLIGHT = str(ROOT / "deploys" / "preflight.py")
PLANNED = ExpectedGpu(
    uuid=gpu_uuid("gpu1", 0), name="NVIDIA L4", memory_mib=23034, compute_capability="8.9"
)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    found = FakeDriver(tmp_path / "nvml").has(Gpu("l4"))
    found.answers_nvidia_smi(monkeypatch)
    found.has_engines(monkeypatch)
    return found


def preflight(root: Path, expected: ExpectedHardware) -> Run:
    write_release(root, hardware=expected)
    return run_pyinfra(root, "small", PREFLIGHT)


@pytest.mark.usefixtures("driver")
def test_the_planned_card_lets_the_run_go_on(tmp_path: Path) -> None:
    # A million cores: of this machine neither cores nor RAM are compared.
    expected = ExpectedHardware(physical_cores=10**6, memory_mib=1, gpus=(PLANNED,))
    assert preflight(tmp_path, expected).exit_code == ExitCode.DONE


def test_another_card_is_refused_with_the_file_and_the_command_that_mends_it(
    tmp_path: Path, driver: FakeDriver
) -> None:
    driver.change("gpus/0/state", {"uuid": "GPU-other"})
    expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=(PLANNED,))
    run = preflight(tmp_path, expected)
    assert run.exit_code == ExitCode.REFUSED
    assert run.explanation == (
        "error: inventories/hardware/small.yaml: hosts.localhost: "
        f"{PLANNED.uuid} (NVIDIA L4) is not there (found: GPU-other)\n"
        "hint: `homeport survey small --host localhost`, then plan and render"
    )


def test_memory_that_others_hold_is_refused_where_the_plan_needs_it(
    tmp_path: Path, driver: FakeDriver
) -> None:
    driver.change("gpus/0/state", {"memory.used_mib": "12000"})
    crowded = PLANNED.model_copy(update={"left_mib": 4000})
    expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=(crowded,))
    run = preflight(tmp_path, expected)
    assert run.exit_code == ExitCode.REFUSED
    assert run.explanation == (
        "error: inventories/hardware/small.yaml: hosts.localhost: "
        f"{PLANNED.uuid} (NVIDIA L4): others hold 12000 MiB of it, "
        "and the plan leaves them 4000\n"
        "hint: end it; or `homeport survey small --host localhost`, then plan and render: "
        "the plan then leaves room"
    )


def test_a_host_whose_plan_uses_no_card_does_not_wake_its_driver(
    tmp_path: Path, driver: FakeDriver
) -> None:
    driver.change("system", {"init": "!18"})
    expected = ExpectedHardware(physical_cores=1, memory_mib=1)
    assert preflight(tmp_path, expected).exit_code == ExitCode.DONE
