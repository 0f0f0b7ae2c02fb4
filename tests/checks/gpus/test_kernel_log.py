"""The kernel's log: from the journal, else from dmesg, else nowhere; and what its XIDs mean."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.gpus import xids
from checks.gpus.findings import Examined
from checks.gpus.health import Gpu, Health
from checks.gpus.xid_catalogue import XIDS, Action
from checks.probes.on_host import kernel_log
from tests.checks.gpus.asking import planned
from tests.lab.gpus import gpu_uuid

FALLEN = (
    "NVRM: Xid (PCI:0000:18:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
)
PAGE_FAULT = "NVRM: Xid (PCI:0000:29:00): 31, pid=2310, name=python3, Ch 00000008, intr 00000000."

Put = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts programs of the host on PATH, each with the given lines of sh."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(name: str, lines: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / name).chmod(0o755)

    return put


def _says(*lines: str) -> str:
    return "\n".join(f"echo {shlex.quote(line)}" for line in lines)


def _read() -> tuple[str, list[tuple[int, str]]]:
    found: dict[str, Any] = dict(kernel_log.gpu_lines())
    return found["source"], found["lines"]


def test_the_journal_is_read_with_the_age_of_each_line(program: Put) -> None:
    then = time.time() - 600
    program(
        "journalctl", _says(f"{then:.6f} host kernel: {FALLEN}", f"{then:.6f} host kernel: usb")
    )
    source, ((age, line),) = _read()
    assert source == "journalctl"
    assert 599 <= age <= 605
    assert line == FALLEN


@pytest.mark.parametrize(
    "journal",
    [
        "echo 'No journal files were found.' >&2",
        "echo 'Hint: You are currently not seeing messages from other users.' >&2",
        "exit 1",
    ],
)
def test_dmesg_is_read_where_the_journal_is_not(program: Put, journal: str) -> None:
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    program("journalctl", journal)
    program("dmesg", _says(f"[{uptime - 100:12.6f}] {PAGE_FAULT}", "[    0.0] Linux version 6.12"))
    source, ((age, line),) = _read()
    assert source == "dmesg"
    assert 99 <= age <= 105
    assert line == PAGE_FAULT


def test_lines_of_the_day_before_yesterday_are_left_out(program: Put) -> None:
    program("journalctl", _says(f"{time.time() - 48 * 3600:.6f} host kernel: {FALLEN}"))
    assert _read() == ("journalctl", [])


def test_a_log_that_nobody_lets_be_read_is_told_with_both_reasons(program: Put) -> None:
    program("journalctl", "echo 'No journal files were found.' >&2")
    program("dmesg", "echo 'dmesg: read kernel buffer failed: Operation not permitted' >&2; exit 1")
    refused = str(kernel_log.gpu_lines()["refused"])
    assert "journalctl: No journal files were found." in refused
    assert "dmesg: dmesg: read kernel buffer failed: Operation not permitted" in refused


# Lines as people have posted them: with and without PCI:, with a process or without, quoted by
# NVIDIA's own pages; and the one form that says no number.
@pytest.mark.parametrize(
    ("line", "address", "code"),
    [
        (FALLEN, "0000:18:00", 79),
        (PAGE_FAULT, "0000:29:00", 31),
        ("NVRM: Xid (0000:01:00): 31, Ch 0000000b, engmask 00000120, intr 1", "0000:01:00", 31),
        ("NVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row", "0000:10:1c", 63),
        ("NVRM: Xid (PCI:0000:2B:00): 119, pid=7, name=x, Timeout after 45s", "0000:2b:00", 119),
        ("NVRM: GPU 0000:18:00.0: GPU has fallen off the bus.", "0000:18:00", 79),
    ],
)
def test_each_form_of_a_line_has_its_address_and_code(line: str, address: str, code: int) -> None:
    (event,) = xids.events([(5, line)])
    assert (event.address, event.code) == (address, code)


def _logged(*lines: str) -> list[tuple[str, str, str]]:
    gpu = Gpu(0, {"uuid": gpu_uuid("gpu1", 0), "name": "NVIDIA L4", "pcie": "0000:18:00.0"})
    log = {"source": "dmesg", "lines": [(60, line) for line in lines]}
    health = Health("NVML", None, gpus=(gpu,), log=log)
    found = xids.logged(Examined("gpu1", health, planned([0])))
    return [(one.severity.value, str(one), one.remedy) for one in found]


def test_a_grave_xid_fails_with_nvidia_s_meaning_and_first_step() -> None:
    ((severity, words, remedy),) = _logged(FALLEN, FALLEN)
    assert severity == "fail"
    assert words.startswith("GPU 0 (NVIDIA L4, 0000:18:00.0): XID 79 60 s ago, 2 times (pid=")
    assert words.endswith("the GPU has fallen off the bus")
    assert "reboot the host" in remedy


def test_an_xid_of_a_program_is_a_note() -> None:
    ((severity, words, remedy),) = _logged(PAGE_FAULT)
    assert severity == "warn"
    assert "0000:29:00: XID 31" in words
    assert "container log" in remedy


@pytest.mark.parametrize("code", [1, 65, 400])
def test_an_xid_that_the_catalogue_does_not_have_fails(code: int) -> None:
    ((severity, words, _),) = _logged(f"NVRM: Xid (PCI:0000:18:00): {code}, text")
    assert severity == "fail"
    assert "not in NVIDIA's catalogue" in words


def test_a_changed_recovery_action_is_left_to_the_action_itself() -> None:
    line = "NVRM: Xid (PCI:0000:18:00): 154, GPU recovery action changed from 0x0 (None) to 0x1"
    ((severity, _, _),) = _logged(line)
    assert severity == "warn"


# "Devastating" to DCGM 4.6, critical to NVIDIA's own health validation, or ending in a reset by
# the catalogue; and those that NVIDIA's device plugin for Kubernetes ignores.
@pytest.mark.parametrize("code", [46, 48, 62, 64, 74, 79, 95, 109, 110, 119, 120, 136, 140, 143])
def test_what_others_call_grave_is_grave_here(code: int) -> None:
    assert XIDS[code].action.is_grave


@pytest.mark.parametrize("code", [13, 31, 43, 45, 63, 68, 92, 94])
def test_what_a_program_did_is_not_grave(code: int) -> None:
    assert not XIDS[code].action.is_grave


def test_every_action_is_some_xid_s() -> None:
    assert {one.action for one in XIDS.values()} == set(Action)
