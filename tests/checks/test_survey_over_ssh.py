"""Surveys of hosts with systemd, over SSH: a bare one, a whole Python, a driver that hangs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.probes import survey
from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.cli.pyinfra_run import run_pyinfra
from deploys.render.release import ExpectedGpu, ExpectedHardware
from deploys.settings.hardware import HostHardware
from deploys.settings.hardware_yaml import read_hardware
from tests.lab.gpus import change_driver, change_gpu, gpu_uuid, mig_slices
from tests.lab.host import LabHost
from tests.lab.inventory import controller
from tests.lab.lab import Lab
from tests.operations.committed_release import ROOT, commit_release

pytestmark = [pytest.mark.docker, pytest.mark.root]

FILE = Path("inventories/hardware/lab.yaml")


@pytest.fixture
def lab(shared_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The shared lab; the working directory is a repository with its inventory and no hardware."""
    controller(shared_lab, tmp_path)
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    monkeypatch.chdir(tmp_path)
    return shared_lab


@pytest.fixture(scope="module")
def whole_python(shared_lab: Lab) -> Iterator[LabHost]:
    """gpu2 with all of Python, as the survey's own note advises; bare again afterwards."""
    host = shared_lab.host("gpu2")
    install = "DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends"
    host.run(f"apt-get -qq update && {install} python3 >/dev/null")
    yield host
    host.run(
        "apt-get -qq purge --auto-remove --yes python3 >/dev/null; "
        "rm -rf /var/lib/apt/lists/*; apt-get clean"
    )


def surveyed(host: str, *options: str) -> HostHardware:
    assert exit_code(["survey", "lab", "--host", host, *options]) == ExitCode.DONE
    return read_hardware(Path.cwd(), "lab").hosts[host]


def test_a_bare_host_is_read_with_nvidia_smi(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    cards = surveyed("gpu1").gpus
    assert [(card.uuid, card.name, card.memory_mib, card.sm_count) for card in cards] == [
        (gpu_uuid("gpu1", 0), "NVIDIA H100 80GB HBM3", 81559, None),
        (gpu_uuid("gpu1", 1), "NVIDIA L4", 23034, None),
    ]
    assert "gpu1: note: read with nvidia-smi" in capsys.readouterr().out


def test_a_host_with_ctypes_is_read_through_the_driver_s_libraries(
    lab: Lab, whole_python: LabHost
) -> None:
    found = surveyed(whole_python.name, "--measure-context")
    assert found.driver == "580.95.05"
    assert [(card.visible_mib, card.sm_count, card.process_mib) for card in found.gpus] == [
        (81079, 132, 510),
        (22491, 58, 250),
    ]


def test_slices_that_somebody_made_are_found(lab: Lab, whole_python: LabHost) -> None:
    whole = surveyed(whole_python.name).gpus[0]
    slices = mig_slices(("3g.40gb", 40448, 60), ("1g.10gb", 9856, 16))
    change_gpu(whole_python, 0, slices)
    try:
        cut = surveyed(whole_python.name).gpus[0]
    finally:
        back = dict.fromkeys(slices) | {"mig.current": "0", "mig.pending": "0"}
        change_gpu(whole_python, 0, back)
    assert (whole.uuid, len(whole.mig)) == (cut.uuid, 0)
    assert {one.profile for one in cut.mig} == {"3g.40gb", "1g.10gb"}


def test_all_hosts_are_read_twice_as_the_same_bytes(lab: Lab) -> None:
    assert exit_code(["survey", "lab"]) == ExitCode.DONE
    before = FILE.read_bytes()
    assert exit_code(["survey", "lab"]) == ExitCode.DONE
    assert FILE.read_bytes() == before
    assert set(read_hardware(Path.cwd(), "lab").hosts) == {host.name for host in lab.hosts}


def test_a_driver_that_hangs_costs_its_own_host_alone(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(survey, "LIMIT_SECONDS", 10)
    change_driver(lab.host("gpu1"), {"delay_ms": "60000"})
    try:
        assert exit_code(["survey", "lab"]) == ExitCode.HOST_UNREACHABLE
    finally:
        change_driver(lab.host("gpu1"), {"delay_ms": None})
    assert "gpu1 is unreachable: no answer within 10 s, asking" in capsys.readouterr().err
    assert "gpu1" not in read_hardware(Path.cwd(), "lab").hosts
    assert "gpu2" in read_hardware(Path.cwd(), "lab").hosts


def test_a_host_off_the_network_costs_its_own_answer_alone(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    with lab.host("gpu1").cut_off():
        assert exit_code(["survey", "lab"]) == ExitCode.HOST_UNREACHABLE
    assert "gpu1 is unreachable: " in capsys.readouterr().err
    assert {"gpu2", "gate1"} <= set(read_hardware(Path.cwd(), "lab").hosts)


def test_a_card_that_changed_since_the_plan_ends_an_apply_before_any_host_is_touched(
    lab: Lab,
) -> None:
    for host in lab.hosts:
        card = ExpectedGpu(
            uuid=gpu_uuid(host.name, 1), name="NVIDIA L4", memory_mib=23034, compute_capability=None
        )
        cards = (card,) if host.name.startswith("gpu") else ()
        expected = ExpectedHardware(physical_cores=1, memory_mib=1, gpus=cards)
        commit_release(Path(), "lab", host.name, hardware=expected)
    site = "deploys/preflight.py"
    assert run_pyinfra(Path(), "lab", site).exit_code == ExitCode.DONE
    change_gpu(lab.host("gpu2"), 1, {"memory.total_mib": "15360"})
    try:
        run = run_pyinfra(Path(), "lab", site)
    finally:
        change_gpu(lab.host("gpu2"), 1, {"memory.total_mib": "23034"})
    assert run.exit_code == ExitCode.REFUSED
    assert "has 15360 MiB, and was planned with 23034" in run.explanation
    assert "hint: `homeport survey lab --host gpu2`, then plan and render" in run.explanation


def test_a_host_with_fewer_cores_or_less_ram_than_planned_is_refused(lab: Lab) -> None:
    for host in lab.hosts:
        expected = ExpectedHardware(physical_cores=10**4, memory_mib=10**9)
        commit_release(Path(), "lab", host.name, hardware=expected)
    run = run_pyinfra(Path(), "lab", "deploys/preflight.py")
    assert run.exit_code == ExitCode.REFUSED
    assert "cores, and the plan uses 10000" in run.explanation
    assert "MiB of RAM, and the plan uses 1000000000" in run.explanation
