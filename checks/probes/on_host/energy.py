"""What each GPU takes, line by line, until nobody listens any more."""

from __future__ import annotations

import select
import sys
import time
from typing import Callable, Iterator

MARK = "@@energy@@"
# nvidia-smi has no energy counter: power alone.
FIELDS = ("uuid", "power.draw", "utilization.gpu")


def main(arguments: list[str]) -> None:
    """Prints `MARK literal`; APART_SECONDS MOST_SECONDS. The last line says why it is the last."""
    apart, most = map(float, arguments)
    ends = time.monotonic() + most
    for found in _looks():
        at = time.monotonic()
        try:
            print(f"{MARK} { ({'at': at, **found})!r}", flush=True)
        except OSError:
            return
        if "refused" in found or at > ends:
            return
        # Whoever asks keeps it open as long as they listen.
        if select.select([sys.stdin], [], [], apart)[0]:
            return


def _looks() -> Iterator[dict[str, object]]:
    if "checks.probes.on_host.nvml" not in sys.modules:
        yield from _by_smi("python3 has no ctypes")
        return
    from checks.probes.on_host import nvml  # noqa: PLC0415  not there without ctypes

    try:
        with nvml.session():
            yield from _by_nvml()
    except nvml.Refusal as refusal:
        if refusal.code == nvml.LIBRARY_NOT_FOUND:
            yield from _by_smi(str(refusal))
        else:
            yield {"refused": str(refusal)}


def _by_nvml() -> Iterator[dict[str, object]]:
    from checks.probes.on_host.readings import value  # noqa: PLC0415

    devices = _opened()
    while True:
        yield {
            "gpus": [
                {
                    "uuid": uuid,
                    "energy_mj": value(device, "nvmlDeviceGetTotalEnergyConsumption"),
                    "power_mw": value(device, "nvmlDeviceGetPowerUsage"),
                    "utilization": value(device, "nvmlDeviceGetUtilizationRates"),
                }
                for uuid, device in devices.items()
            ]
        }


def _opened() -> dict[str, object]:
    """UUID -> handle, of every GPU that can be opened; raises nvml.Error where none can."""
    from checks.probes.on_host import nvml  # noqa: PLC0415

    found: dict[str, object] = {}
    lost: nvml.Error | None = None
    for index in range(nvml.call("nvmlDeviceGetCount")):
        try:
            device = nvml.call("nvmlDeviceGetHandleByIndex", index)
            found[nvml.call("nvmlDeviceGetUUID", device)] = device
        except nvml.Error as error:
            lost = error
    if lost is not None and not found:
        raise lost
    return found


def _by_smi(why: str) -> Iterator[dict[str, object]]:
    from checks.probes.on_host import smi  # noqa: PLC0415

    while True:
        try:
            cells = smi.gpu_cells(list(FIELDS), [])
        except smi.Refusal as refusal:
            yield {"refused": f"{why}; {refusal}"}
            return
        yield {"gpus": [_row(one, why) for one in cells]}


def _row(cells: dict[str, str], why: str) -> dict[str, object]:
    busy = _number(cells.get("utilization.gpu", ""), int)
    return {
        "uuid": cells["uuid"],
        "energy_mj": {"code": 3, "said": f"nvidia-smi does not tell it ({why})"},
        "power_mw": _number(cells.get("power.draw", ""), lambda cell: round(float(cell) * 1000)),
        "utilization": busy if isinstance(busy, dict) else {"gpu": busy},
    }


def _number(cell: str, convert: Callable[[str], int]) -> object:
    """A cell's number, or the words in place of it."""
    try:
        return convert(cell)
    except ValueError:
        return {"code": 3, "said": cell.strip("[]") or "not told"}
