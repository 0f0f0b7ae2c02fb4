"""What the fact about NVIDIA makes of a host, by its own shell and in words."""

import subprocess
from pathlib import Path

import pytest

from deploys.questions.nvidia import COUNT_DEVICES, NvidiaSystem, parse_nvidia

# The classes are those of the PCI ID list: 0302 3D controller (data centre cards), 0300 VGA,
# 0403 a card's sound function, 0680 NVSwitch.
H100, GEFORCE, SOUND, SWITCH = "0x030200", "0x030000", "0x040300", "0x068000"


@pytest.mark.parametrize(
    ("devices", "count"),
    [
        ([], 0),
        ([("0x10de", H100)] * 8 + [("0x10de", SWITCH)] * 4, 8),
        ([("0x10de", GEFORCE), ("0x10de", SOUND)], 1),
        ([("0x8086", GEFORCE), ("0x15b3", "0x020000")], 0),
    ],
)
def test_gpus_are_counted_on_the_bus_without_lspci_and_without_a_driver(
    tmp_path: Path, devices: list[tuple[str, str]], count: int
) -> None:
    for number, (vendor, kind) in enumerate(devices):
        device = tmp_path / f"0000:{number:02x}:00.0"
        device.mkdir()
        (device / "vendor").write_text(f"{vendor}\n")
        (device / "class").write_text(f"{kind}\n")
    script = COUNT_DEVICES.replace("/sys/bus/pci/devices", str(tmp_path)) + "\necho $devices"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(count)


def test_a_host_without_the_device_is_told_nothing_else() -> None:
    assert parse_nvidia(["devices=0"]) == NvidiaSystem()


def test_of_two_specifications_the_one_in_run_is_in_force() -> None:
    system = parse_nvidia(
        [
            "devices=1",
            "library=590.48.01",
            "cdi=/etc/cdi/nvidia.yaml",
            "cdi_driver=580.95.05",
            "cdi=/run/cdi/nvidia.yaml",
            "cdi_driver=590.48.01",
            "refresh=yes",
            "persistenced=there",
            "persistenced=active",
        ]
    )
    assert (system.cdi, system.cdi_driver) == ("/run/cdi/nvidia.yaml", "590.48.01")
    assert system.refresh_service
    assert system.persistenced == "active"


def test_a_specification_that_names_no_library_has_no_driver() -> None:
    lines = ["devices=1", "cdi=/etc/cdi/nvidia.yaml", "cdi_driver=580.95.05"]
    assert parse_nvidia([*lines, "cdi=/run/cdi/nvidia.yaml"]).cdi_driver == ""


def test_libraries_of_two_drivers_are_both_named() -> None:
    lines = ["devices=1", "library=590.48.01", "library=580.95.05"]
    assert parse_nvidia(lines).library == "580.95.05 590.48.01"
