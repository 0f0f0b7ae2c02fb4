"""One look at a host's GPUs: what the driver says of them, with a limit, and what files say."""

from __future__ import annotations

import subprocess

from checks.probes.on_host import health_by_smi, limited, linux

FABRIC_MANAGER = "nv-fabricmanager"


def outcome(asked: limited.Started, until: float, patience: float) -> str:
    """What a process that asks the driver has found, as a Python literal.

    + until: of time.monotonic; patience: seconds, as a person is told of them
    """
    found = limited.outcome(asked, until)
    hangs = {"refused": {"code": "hangs", "said": f"no answer within {patience:g} s"}}
    return repr(hangs) if found is None else found


def gpus(samples: int, apart: float) -> dict[str, object]:
    """By NVML; by nvidia-smi where Python or the host lacks what NVML needs."""
    try:
        from checks.probes.on_host import health_by_nvml, nvml  # noqa: PLC0415  may be missing
    except ImportError:
        return health_by_smi.gpus(samples, apart, "python3 has no ctypes")
    try:
        return health_by_nvml.gpus(samples, apart)
    except nvml.Refusal as refusal:
        if refusal.code == nvml.LIBRARY_NOT_FOUND:
            return health_by_smi.gpus(samples, apart, str(refusal), refusal.code)
        return {"way": "NVML", "refused": {"code": refusal.code, "said": str(refusal)}}


def system() -> dict[str, object]:
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
