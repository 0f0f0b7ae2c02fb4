"""How a host's GPUs are doing: by the driver, by the kernel's log, and from within containers."""

from __future__ import annotations

import subprocess
import sys
import time

from checks.probes.on_host import inside, kernel_log, limited, linux

FABRIC_MANAGER = "nv-fabricmanager"


def main(arguments: list[str]) -> None:
    """Prints Python literals between marks; DRIVER_SECONDS SAMPLES APART_SECONDS [CONTAINER …]."""
    patience, samples, apart, *containers = arguments
    ends = time.monotonic() + float(patience) + int(samples) * float(apart)
    driver = limited.begin(lambda: _gpus(int(samples), float(apart)))
    _answer("system", repr(_system()))
    _answer("log", repr(kernel_log.gpu_lines()))
    for container, seen in inside.ask_all(containers).items():
        _answer(f"inside {container}", seen)
    found = limited.outcome(driver, ends)
    hangs = {"refused": {"code": "hangs", "said": f"no answer within {patience} s"}}
    _answer("gpus", repr(hangs) if found is None else found)
    _answer("end", "")


def _answer(name: str, literal: str) -> None:
    print(f"\n@@homeport@@ {name}\n{literal}", flush=True)


def _gpus(samples: int, apart: float) -> dict[str, object]:
    """By NVML; by nvidia-smi where Python or the host lacks what NVML needs."""
    from checks.probes.on_host import health_by_smi  # noqa: PLC0415  each in its own process

    if "checks.probes.on_host.nvml" not in sys.modules:
        return health_by_smi.gpus(samples, apart, "python3 has no ctypes")
    from checks.probes.on_host import health_by_nvml, nvml  # noqa: PLC0415

    try:
        return health_by_nvml.gpus(samples, apart)
    except nvml.Refusal as refusal:
        if refusal.code == nvml.LIBRARY_NOT_FOUND:
            return health_by_smi.gpus(samples, apart, str(refusal), refusal.code)
        return {"way": "NVML", "refused": {"code": refusal.code, "said": str(refusal)}}


def _system() -> dict[str, object]:
    """What files say, with no driver asked."""
    module, libraries = linux.driver_versions()
    switches = linux.nvidia_devices(classes=linux.SWITCH_CLASSES)
    return {
        "on_the_bus": linux.nvidia_devices(),
        "module": module,
        "libraries": libraries,
        "switches": switches,
        "fabric_manager": _fabric_manager() if switches else None,
    }


def _fabric_manager() -> dict[str, object]:
    """Whether it runs, and its version; only where there are NVSwitches."""
    try:
        done = subprocess.run(
            (FABRIC_MANAGER, "--version"), capture_output=True, text=True, timeout=10, check=False
        )
        said = done.stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    return {"runs": linux.runs(FABRIC_MANAGER), "version": said.strip().rpartition(" ")[2]}
