"""The verb `bench` on a host with a GPU: what that takes, idle and under load."""

import json
from pathlib import Path

import pytest
import yaml

from checks.benchmarks.load import measure
from checks.probes import energy
from deploys.cli import bench_energy
from deploys.cli.exit_codes import ExitCode
from tests.batch.desk import RELEASE
from tests.cli.bench_gateway import CLOSED, Bench
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid

UUID = gpu_uuid("gpu1", 0)
# What takes energy takes time: not the brief one that other tests of the verb have.
WHOLE_RUN = measure.one_run


@pytest.fixture
def driver(
    bench: Bench, tmp_path: Path, fake_libraries: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeDriver:
    """One H100, on which every committed replica is; looked at often, and for a moment."""
    path = tmp_path / RELEASE
    release = yaml.safe_load(path.read_text())
    for replica in release["replicas"]:
        replica["devices"][0]["gpu"] = UUID
    path.write_text(yaml.safe_dump(release))
    monkeypatch.setattr(measure, "one_run", WHOLE_RUN)
    monkeypatch.setattr(energy, "APART_SECONDS", 0.02)
    monkeypatch.setattr(bench_energy, "SETTLE_SECONDS", 0)
    found = FakeDriver(tmp_path / "nvml").has(Gpu("h100"))
    found.answers_nvml(monkeypatch)
    return found


def _document(root: Path) -> dict[str, object]:
    (path,) = (root / ".homeport" / "bench" / "small").glob("*/*.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


@pytest.mark.usefixtures("driver")
def test_what_gpus_take_is_measured_kept_and_told(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fake one's counter stands still: its power is 70 W at every look."""
    assert bench(*CLOSED, "--seconds", "0.3", "--idle-seconds", "0.3") == ExitCode.DONE
    told = capsys.readouterr().out
    assert "1 user: 1 GPU(s) took 70 W, idle 70 W, " in told
    assert "J for each token" in told
    assert "its energy counter stands still" in told
    watts = pytest.approx(70)
    gpu = {"host": "localhost", "uuid": UUID, "way": "power samples", "idle_watts": watts}
    document = _document(tmp_path)
    assert isinstance(document["energy"], dict)
    assert document["energy"]["gpus"] == [{**gpu, "load_watts": {"1 user": watts}}]


def test_a_driver_that_does_not_start_costs_no_benchmark(
    bench: Bench, driver: FakeDriver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    driver.change("system", {"init": "!9"})
    assert bench(*CLOSED, "--seconds", "0.3", "--idle-seconds", "0.1") == ExitCode.DONE
    assert "energy: localhost: Driver Not Loaded" in capsys.readouterr().out
    document = _document(tmp_path)
    assert isinstance(document["energy"], dict)
    assert document["energy"]["gpus"] == []


@pytest.mark.usefixtures("driver")
def test_nothing_is_read_where_nobody_wants_it(bench: Bench, tmp_path: Path) -> None:
    assert bench(*CLOSED, "--seconds", "0.3", "--idle-seconds", "0") == ExitCode.DONE
    assert _document(tmp_path)["energy"] is None


def test_nothing_is_read_where_no_gpu_serves(bench: Bench, tmp_path: Path) -> None:
    assert bench(*CLOSED) == ExitCode.DONE
    assert _document(tmp_path)["energy"] is None
