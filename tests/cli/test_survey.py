"""The verb `survey`: real pyinfra inventory, real pynvml, hosts that are fake containers."""

import json
from pathlib import Path

import pytest

from deploys.cli.exit_codes import ExitCode
from deploys.cli.main import exit_code
from deploys.settings.hardware_yaml import read_hardware
from tests.checks.fake_fleet import FakeFleet
from tests.lab.gpus import Gpu, gpu_uuid

INVENTORY = 'rack = ["@docker/gpu1", "@docker/gpu2", "@docker/gate1"]\n'
FILE = Path("inventories/hardware/rack.yaml")


@pytest.fixture
def fleet(fake_libraries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeFleet:
    """A checkout with an environment of three hosts, of which two have a card."""
    found = FakeFleet(tmp_path / "fleet")
    found.answers(monkeypatch)
    found.has("gpu1", Gpu("h100"))
    found.has("gpu2", Gpu("l4"))
    found.has("gate1")
    (tmp_path / "inventories").mkdir()
    (tmp_path / "deploys").mkdir()
    (tmp_path / "inventories" / "rack.py").write_text(INVENTORY)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.mark.usefixtures("fleet")
def test_every_host_is_written_and_told_and_a_second_survey_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(["survey", "rack"]) == ExitCode.DONE
    told = capsys.readouterr()
    assert f"gpu2: + {gpu_uuid('gpu2', 0)}: NVIDIA L4, 23034 MiB" in told.out
    assert "next: homeport plan rack" in told.out
    assert "[3/3]" in told.err
    hosts = read_hardware(Path.cwd(), "rack").hosts
    assert [(name, len(host.gpus)) for name, host in hosts.items()] == [
        ("gate1", 0),
        ("gpu1", 1),
        ("gpu2", 1),
    ]
    before = FILE.read_bytes()

    assert exit_code(["survey", "rack"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"3 hosts are what {FILE} says\n"
    assert FILE.read_bytes() == before


def test_one_host_is_surveyed_and_the_others_keep_their_lines(
    fleet: FakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = "  gate1:  # mine\n    cpu: {physical_cores: 4}\n    memory_mib: 1000\n"
    FILE.parent.mkdir()
    FILE.write_text(f"hosts:\n{by_hand}")
    fleet.has("gpu1", Gpu("h100"), Gpu("h100"))
    assert exit_code(["survey", "rack", "--host", "gpu1", "--json"]) == ExitCode.DONE
    document = json.loads(capsys.readouterr().out)
    assert document["surveyed"] == ["gpu1"]
    assert [one["path"] for one in document["changes"]][:1] == ["host"]
    assert FILE.read_text().startswith(f"hosts:\n{by_hand}  gpu1:\n")


def test_an_unreachable_host_ends_with_4_and_the_others_are_written(
    fleet: FakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    (fleet.folder / "gpu1").rename(fleet.folder / "away")
    assert exit_code(["survey", "rack"]) == ExitCode.HOST_UNREACHABLE
    assert "gpu1 is unreachable: Error response from daemon" in capsys.readouterr().err
    assert list(read_hardware(Path.cwd(), "rack").hosts) == ["gate1", "gpu2"]
    assert [path.name for path in FILE.parent.iterdir()] == ["rack.yaml"]


def test_a_host_whose_driver_fails_ends_with_1_and_keeps_what_the_file_said(
    fleet: FakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    FILE.parent.mkdir()
    FILE.write_text("hosts:\n  gpu1:\n    cpu:\n      physical_cores: 4\n    memory_mib: 1000\n")
    before = FILE.read_bytes()
    fleet.has("gpu1", Gpu("h100")).change("system", {"init": "!18"})
    assert exit_code(["survey", "rack", "--host", "gpu1"]) == ExitCode.OPERATION_FAILED
    told = capsys.readouterr().err
    assert "error: gpu1: the driver's kernel module (unknown) does not fit its libraries" in told
    assert "hint: reboot the host" in told
    assert FILE.read_bytes() == before


def test_one_machine_under_two_names_is_refused_and_nothing_is_written(
    fleet: FakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.has("gpu2", Gpu("l4", {"uuid": gpu_uuid("gpu1", 0)}))
    assert exit_code(["survey", "rack"]) == ExitCode.REFUSED
    assert "answers at gpu1 and at gpu2: both lead to one machine" in capsys.readouterr().err
    assert not FILE.exists()


def test_a_broken_file_is_refused_before_any_host_is_asked(
    fleet: FakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    FILE.parent.mkdir()
    FILE.write_text("hosts: {gpu1: {cpu: {physical_cores: 0}}}")
    (fleet.folder / "docker").unlink()
    assert exit_code(["survey", "rack"]) == ExitCode.REFUSED
    told = capsys.readouterr().err
    assert "error: inventories/hardware/rack.yaml: hosts.gpu1.cpu.physical_cores: found 0" in told
    assert "hosts.gpu1.memory_mib: is missing" in told


@pytest.mark.usefixtures("fleet")
def test_a_host_that_the_environment_lacks_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["survey", "rack", "--host", "gpu9"]) == ExitCode.MISUSE
    assert "gpu9: no host of rack; its hosts: gate1, gpu1, gpu2" in capsys.readouterr().err


def test_the_demo_s_hardware_is_not_surveyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    assert exit_code(["survey", "local"]) == ExitCode.REFUSED
    assert "hardware/local.yaml: is written by hand" in capsys.readouterr().err
