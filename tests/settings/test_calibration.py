"""A calibration is read strictly, and refused with every complaint at once."""

import json
from pathlib import Path

import pytest

from deploys.settings.calibration import read_calibration
from deploys.settings.environment import read_environment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import write_environment

ENTRY = {
    "engine": "llamacpp",
    "version": "b11669",
    "gpu": "NVIDIA L4",
    "gpus": 1,
    "model": "tiny-random",
    "corrections_mib": {"GPU0": {"compute_buffer": 12.5, "process": -3}},
}
HOSTS = ("gpu1", "gpu2")


def _write(root: Path, text: str) -> Path:
    (root / "inventories" / "calibration").mkdir(parents=True)
    (root / "inventories" / "calibration" / "small.yaml").write_text(text)
    return root


def _complaints(root: Path, text: str) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        read_calibration(_write(root, text), "small", HOSTS)
    return list(refused.value.complaints)


def _entries(*entries: object, host: str = "gpu1") -> str:
    return json.dumps({"hosts": {host: entries}})


def test_what_calibrate_writes_is_read(tmp_path: Path) -> None:
    found = read_calibration(_write(tmp_path, _entries(ENTRY)), "small", HOSTS)
    assert found.hosts["gpu1"][0].corrections_mib == {
        "GPU0": {"compute_buffer": 12.5, "process": -3}
    }


def test_without_a_file_there_is_nothing_to_correct(tmp_path: Path) -> None:
    assert read_calibration(tmp_path, "small", HOSTS).hosts == {}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"engine": "vlm"}, "hosts.gpu1.0.engine"),
        ({"version": ""}, "hosts.gpu1.0.version"),
        ({"gpus": -1}, "hosts.gpu1.0.gpus"),
        ({"gpu": "two\nlines"}, "hosts.gpu1.0.gpu"),
        ({"corrections_mib": {"GPU0": {"process": 1e9}}}, "corrections_mib.GPU0.process"),
        ({"corrections_mib": {"GPU0": {"process": "much"}}}, "corrections_mib.GPU0.process"),
        ({"corrections_mib": {"GPU0": {"proces": 1}}}, "corrections_mib.GPU0.proces"),
        ({"corrections_mib": {"gpu": {"process": 1}}}, "corrections_mib.gpu"),
        ({"measured": 1}, "hosts.gpu1.0.measured"),
    ],
)
def test_an_absurd_entry_is_refused_at_its_place(
    tmp_path: Path, change: dict[str, object], path: str
) -> None:
    found = _complaints(tmp_path, _entries({**ENTRY, **change}))
    assert all(one.file == "inventories/calibration/small.yaml" for one in found)
    assert any(path in one.path for one in found)


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_what_is_no_number_is_refused(tmp_path: Path, number: str) -> None:
    text = _entries(ENTRY).replace("12.5", number)
    assert "corrections_mib.GPU0.compute_buffer" in _complaints(tmp_path, text)[0].path


@pytest.mark.parametrize("text", ["hosts: [", "\x00", "hosts: 2026-02-30", "hosts: 7", "- gpu1"])
def test_a_malformed_file_is_refused(tmp_path: Path, text: str) -> None:
    assert _complaints(tmp_path, text)


def test_a_host_that_is_not_in_the_inventory_is_refused_with_the_near_miss(
    tmp_path: Path,
) -> None:
    (complaint,) = _complaints(tmp_path, _entries(ENTRY, host="gpu11"))
    assert (complaint.path, complaint.hint) == ("hosts.gpu11", "did you mean `gpu1`?")


def test_the_same_measurement_twice_is_refused(tmp_path: Path) -> None:
    (complaint,) = _complaints(tmp_path, _entries(ENTRY, ENTRY))
    assert complaint.path == "hosts.gpu1.1"


def test_an_environment_is_refused_with_its_calibration_and_all_else(tmp_path: Path) -> None:
    root = write_environment(tmp_path, {"gatewy": {}})
    _write(root, _entries(ENTRY))
    with pytest.raises(Refused) as refused:
        read_environment(root, "small")
    assert {one.path for one in refused.value.complaints} == {"gatewy", "hosts.gpu1"}
