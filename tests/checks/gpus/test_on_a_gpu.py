"""NVML and nvidia-smi say the same of a GPU: a fake one, and a real one where there is one."""

import os
from pathlib import Path

import pytest

from checks.gpus.findings import Examined
from checks.gpus.health import Gpu, Lacking
from tests.checks.bare_python import python_without_ctypes
from tests.checks.gpus.asking import ask
from tests.checks.gpus.rules import all_found

pytestmark = pytest.mark.usefixtures("any_driver")

# What does not change from one question to the next.
STEADY = (
    *("uuid", "name", "pcie", "recovery_action", "ecc_mode", "retired_pages_pending"),
    *("pcie_most_generation", "pcie_most_width", "persistence", "compute_mode", "mig_mode"),
    *("power_limit_mw", "power_default_limit_mw"),
)


def _said(gpu: Gpu, name: str) -> object:
    try:
        return gpu.get(name)
    except Lacking:
        return None


def test_both_ways_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_nvml = ask().gpus
    # It has the driver's own nvidia-smi, or the fake one.
    path = os.environ["PATH"]
    python_without_ctypes(tmp_path, monkeypatch)
    monkeypatch.setenv("PATH", f"{tmp_path}:{path}")
    health = ask()
    assert (health.way, health.refused) == ("nvidia-smi", None)
    assert len(by_nvml) == len(health.gpus) > 0
    for one, other in zip(by_nvml, health.gpus, strict=True):
        told = {name: _said(other, name) for name in STEADY}
        assert {name: _said(one, name) for name in STEADY if told[name] is not None} == {
            name: value for name, value in told.items() if value is not None
        }


def test_a_gpu_that_answers_is_neither_lost_nor_unreadable() -> None:
    health = ask()
    assert (health.refused, bool(health.gpus)) == (None, True)
    for found in all_found(Examined("here", health, ())).values():
        assert not [words for _, _, words in found if "cannot read it" in words]
        assert not [words for rule, _, words in found if rule == "lost"]
