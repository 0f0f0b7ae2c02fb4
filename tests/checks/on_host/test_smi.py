"""What nvidia-smi prints, as recorded on hosts: boards that lack things, old drivers, failures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checks.probes.on_host import smi

FIELDS = list(smi.FIELDS)
H100 = "GPU-a, NVIDIA H100 80GB HBM3, 81559, 1, 9.0, 00000000:18:00.0, 5, 16, Disabled, 580.95.05"
RTX_3090 = "GPU-b, NVIDIA GeForce RTX 3090, 24576, 300, 8.6, 00000000:01:00.0, 4, 16, [N/A], 580.95"


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a program of this name on PATH, with the given lines of sh."""

    def put(lines: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


def test_a_card_has_all_that_is_printed_of_it() -> None:
    remarks: list[str] = []
    assert smi.parse_rows(H100 + "\n", FIELDS, remarks) == [
        {
            "uuid": "GPU-a",
            "name": "NVIDIA H100 80GB HBM3",
            "memory_mib": 81559,
            "used_mib": 1,
            "compute_capability": "9.0",
            "pcie": "0000:18:00.0",
            "pcie_generation": 5,
            "pcie_width": 16,
            "mig": "Disabled",
            "driver": "580.95.05",
        }
    ]
    assert remarks == []


def test_mig_is_no_loss_on_a_card_that_has_none() -> None:
    remarks: list[str] = []
    (row,) = smi.parse_rows(RTX_3090, FIELDS, remarks)
    assert ("mig" in row, remarks) == (False, [])


@pytest.mark.parametrize("word", ["[N/A]", "[Not Supported]", "[Unknown Error]"])
def test_what_is_not_supported_is_left_out_and_said(word: str) -> None:
    remarks: list[str] = []
    (row,) = smi.parse_rows(H100.replace(" 5,", f" {word},"), FIELDS, remarks)
    assert "pcie_generation" not in row
    assert remarks == [f"GPU-a: pcie_generation is not supported ({word})"]


@pytest.mark.parametrize(
    "line", [H100.replace("81559", "[GPU is lost]"), "Unable to determine the device handle"]
)
def test_a_card_that_cannot_be_read_is_left_out_and_said(line: str) -> None:
    remarks: list[str] = []
    assert [row["uuid"] for row in smi.parse_rows(f"{line}\n{RTX_3090}", FIELDS, remarks)] == [
        "GPU-b"
    ]
    assert len(remarks) == 1
    assert "left out" in remarks[0]


def test_a_field_that_an_old_driver_does_not_know_is_asked_for_no_more(
    nvidia_smi: Callable[[str], None],
) -> None:
    nvidia_smi(
        "case $1 in *compute_cap*) echo 'Field \"compute_cap\" is not a valid field to query.'; "
        "exit 2 ;; esac; echo 'GPU-a, Tesla V100-SXM2-16GB, 16160'"
    )
    remarks: list[str] = []
    found = smi.gpu_cells(["uuid", "name", "compute_cap", "memory.total"], remarks)
    assert found == [{"uuid": "GPU-a", "name": "Tesla V100-SXM2-16GB", "memory.total": "16160"}]
    assert remarks == ["nvidia-smi of this driver does not know compute_cap"]


def test_a_failure_is_told_in_nvidia_smi_s_words(nvidia_smi: Callable[[str], None]) -> None:
    nvidia_smi("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    with pytest.raises(smi.Refusal, match="Driver/library version mismatch"):
        smi.ask("-L")


def test_a_host_without_nvidia_smi_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(smi.Refusal, match="there is no nvidia-smi"):
        smi.ask("-L")
