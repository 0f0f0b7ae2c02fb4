"""All that a survey reads of a host, printed as one Python literal between marks."""

from __future__ import annotations

import sys

from checks.probes.on_host import linux, smi


class NotSurveyed(Exception):
    """What is seen of the GPUs would be wrong in the file; says what was found and what to do."""

    def __init__(self, found: str, hint: str) -> None:
        super().__init__(found, hint)


def main(arguments: list[str]) -> None:
    """Prints `hardware` and `remarks`, or `found` and `hint`; DIRECTORY [--measure-context]."""
    directory, *options = arguments
    remarks: list[str] = []
    try:
        hardware = {
            "cpu": linux.cpu(),
            "memory_mib": linux.memory_mib(),
            "disk_free_mib": linux.disk_free_mib(directory),
            **gpus(remarks, "--measure-context" in options),
        }
        answer: dict[str, object] = {"hardware": hardware, "remarks": remarks}
    except NotSurveyed as error:
        found, hint = error.args
        answer = {"found": found, "hint": hint}
    mark = "@@homeport@@"
    print(f"\n{mark} survey\n{answer!r}\n{mark} end", flush=True)


def gpus(remarks: list[str], measure_context: bool) -> dict[str, object]:
    """`driver`, `cuda` and `gpus` by NVML, else by nvidia-smi; nothing on a host without GPUs."""
    on_the_bus = linux.nvidia_devices()
    try:
        found = _by_nvml(remarks, measure_context)
    except ImportError:
        found = _by_nvidia_smi(remarks, on_the_bus)
    seen = len(_list(found.get("gpus")))
    if seen < on_the_bus:
        remarks.append(f"the PCI bus has {on_the_bus} NVIDIA GPUs, of which {seen} can be used")
    return found


def _by_nvml(remarks: list[str], measure_context: bool) -> dict[str, object]:
    # Not at the top: without ctypes it cannot be imported.
    from checks.probes.on_host import cards, nvml  # noqa: PLC0415

    _tell("asking NVML")
    try:
        return cards.read_gpus(remarks, measure_context)
    except nvml.Refusal as refusal:
        if refusal.code == nvml.VERSION_MISMATCH:
            raise _mismatch() from None
        if refusal.code == nvml.LIBRARY_NOT_FOUND:
            return _by_nvidia_smi(remarks, linux.nvidia_devices())
        if refusal.code == nvml.DRIVER_NOT_LOADED and not linux.nvidia_devices():
            remarks.append("NVIDIA's libraries are there, and no GPU is")
            return {}
        raise NotSurveyed(f"NVML does not start: {refusal}", _START_HINT) from None


_START_HINT = "`dmesg` says why; `pyinfra inventories/ENV.py deploys/nvidia.py` installs a driver"


# Ours, and nvidia-smi's own on a host whose libraries outlived its cards.
_NO_GPU = ("there is no nvidia-smi", "No devices were found", "couldn't communicate")


def _by_nvidia_smi(remarks: list[str], on_the_bus: int) -> dict[str, object]:
    _tell("asking nvidia-smi")
    try:
        found = smi.read_gpus(remarks)
    except smi.Refusal as refusal:
        if "mismatch" in str(refusal).lower():
            raise _mismatch() from None
        if not on_the_bus and any(words in str(refusal) for words in _NO_GPU):
            return {}
        hint = f"a whole python3 on the host asks the driver itself; {_START_HINT}"
        raise NotSurveyed(f"its GPUs cannot be read: {refusal}", hint) from None
    if found["gpus"]:
        remarks.append(
            "read with nvidia-smi, which does not know visible_mib, sm_count, NVLink and NUMA "
            "nodes (python3 with ctypes, and libnvidia-ml.so.1, do: `apt-get install python3`)"
        )
    return found


def _mismatch() -> NotSurveyed:
    module, versions = linux.driver_versions()
    libraries = ", ".join(versions) or "unknown"
    return NotSurveyed(
        f"the driver's kernel module ({module or 'unknown'}) does not fit its libraries "
        f"({libraries})",
        "reboot the host, or load the module of that version",
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tell(stage: str) -> None:
    """Where it stood, for whoever has waited in vain."""
    print(f"@@homeport@@ {stage}", file=sys.stderr, flush=True)
