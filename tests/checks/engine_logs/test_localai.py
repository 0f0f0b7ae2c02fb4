"""LocalAI tells its version; what it takes the driver counts, all parts together."""

import pytest

from checks.probes.engine_logs import localai
from checks.probes.engine_logs.reported import Reported
from checks.probes.engine_starts import held_mib
from deploys.render.release import PlannedDevice

GPU = "GPU-6f0e6a10-0000-0000-0000-000000000001"
PLANNED = tuple(
    PlannedDevice(device=device, gpu=gpu, expected_mib={}, upper_mib={})
    for device, gpu in (("GPU0", GPU), ("CPU", ""))
)


def _found(listing: str, planned: tuple[PlannedDevice, ...] = PLANNED) -> Reported:
    pids = {"7", "8"}
    held = held_mib(listing, pids)
    return localai.with_held(Reported("localai"), planned, listing, held, pids)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        # https://github.com/mudler/LocalAI/issues/10543, and until v4 issues/1112
        ('Jul 09 16:02:01 INFO  LocalAI version version="v4.6.2 (fa0622604a5c)"', "4.6.2"),
        ("7:07AM INF LocalAI version: v2.9.0-39-ge022b59 (e022b5959ea4)", "2.9.0"),
        ("INFO  Starting LocalAI threads=8", ""),
    ],
)
def test_its_version_is_read_in_old_words_and_new(line: str, version: str) -> None:
    assert localai.read([line]).version == version
    assert (localai.PATTERN in line) == bool(version)


def test_what_its_processes_hold_of_a_gpu_is_one_sum() -> None:
    found = _found(f"{GPU}, 7, 5000\n{GPU}, 8, 400\n{GPU}, 9, 1\nasked\n")
    assert found.devices == {"GPU0": {"total": 5400.0}}
    assert found.is_complete


def test_a_backend_that_the_driver_knows_nothing_of_has_found_no_gpu() -> None:
    found = _found(f"{GPU}, 9, 5000\nasked\n")
    assert found.has_no_gpu
    assert found.is_complete
    assert "GPU0" not in found.devices


@pytest.mark.parametrize("listing", ["", f"{GPU}, 7, [N/A]\nasked\n"])
def test_a_driver_that_does_not_tell_is_not_taken_for_one_that_knows_of_nothing(
    listing: str,
) -> None:
    found = _found(listing)
    assert not found.has_no_gpu
    assert not found.is_complete


def test_in_ram_no_driver_is_asked() -> None:
    assert not _found("asked\n", PLANNED[1:]).is_complete
