"""Hosts that a survey cannot read, or only with nvidia-smi: each says why, and no other."""

import shutil
from pathlib import Path

import pytest

from checks.probes import survey
from checks.probes.host import Unreachable
from checks.probes.survey import NotSurveyed
from deploys.settings.hardware import Gpu as Found
from deploys.settings.inventory import InventoryHost
from tests.checks.bare_python import python_without_ctypes
from tests.checks.surveying import ask, card
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid, mig_slices


@pytest.mark.parametrize(
    ("code", "said"),
    [("!18", "kernel module"), ("!999", "NVML does not start")],
)
def test_a_driver_that_does_not_start_is_no_host_without_cards(
    driver: FakeDriver, code: str, said: str
) -> None:
    driver.change("system", {"init": code})
    with pytest.raises(NotSurveyed, match=said):
        ask()


def test_libraries_alone_are_a_host_without_cards(driver: FakeDriver) -> None:
    driver.change("system", {"init": "!9"})
    found = ask()
    assert found.hardware.gpus == ()
    assert found.remarks == ("NVIDIA's libraries are there, and no GPU is",)


def test_a_driver_that_hangs_ends_at_the_limit_with_where_it_stood(
    driver: FakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has(Gpu("h100")).change("system", {"delay_ms": "60000"})
    monkeypatch.setattr(survey, "LIMIT_SECONDS", 4)
    with pytest.raises(Unreachable, match="no answer within 4 s, asking NVML"):
        ask()


def test_without_ctypes_nvidia_smi_is_asked(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100", {"memory.used_mib": "700"})).answers_nvidia_smi(monkeypatch)
    found = ask()
    assert (found.hardware.driver, found.hardware.cuda) == ("580.95.05", "13.0")
    assert card(found, 0) == Found(
        uuid=gpu_uuid("gpu1", 0),
        name="NVIDIA H100 80GB HBM3",
        memory_mib=81559,
        used_mib=704,
        compute_capability="9.0",
        pcie="0000:18:00.0",
        pcie_generation=5,
        pcie_width=16,
    )
    assert "read with nvidia-smi" in found.remarks[0]


def test_slices_that_nvidia_smi_cannot_describe_are_no_whole_card(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    driver.has(Gpu("h100", mig_slices(("3g.40gb", 40448, 60)))).answers_nvidia_smi(monkeypatch)
    with pytest.raises(NotSurveyed, match="MIG mode"):
        ask()


@pytest.mark.parametrize("init", ["!9", "none"])
def test_nvidia_smi_that_finds_no_driver_and_a_bus_without_cards_are_no_cards(
    driver: FakeDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, init: str
) -> None:
    python_without_ctypes(tmp_path, monkeypatch)
    if init != "none":
        driver.answers_nvidia_smi(monkeypatch)
        driver.change("system", {"init": init})
    assert ask().hardware.gpus == ()


def test_a_host_without_python_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sh", "timeout"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotSurveyed, match="it has no python3\nhint: `apt-get install python3`"):
        ask()


def test_a_python_that_fails_is_told_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho 'SyntaxError: invalid syntax' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(NotSurveyed, match="program fails there: SyntaxError"):
        ask()


def test_a_host_that_refuses_connections_is_unreachable(tmp_path: Path) -> None:
    data = {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "ssh_user": "nobody"}
    data |= {"ssh_known_hosts_file": str(tmp_path / "known_hosts")}
    with pytest.raises(Unreachable, match="Connection refused"):
        survey.survey(InventoryHost("gpu1", "gpu1", (), data), Path.cwd())
