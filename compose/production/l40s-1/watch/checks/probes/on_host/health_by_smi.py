"""Every GPU of the host by nvidia-smi: less than NVML tells, in the same words."""

from __future__ import annotations

import time
from typing import Callable

from checks.probes.on_host import containers, smi
from checks.probes.on_host.smi import bus_address

# nvmlReturn_t of nvml.h.
NOT_SUPPORTED = 3
UNKNOWN = 999
_ERRORS = {"GPU is lost": 15, "GPU requires reset": 16, "Unknown Error": UNKNOWN}


def _switch(cell: str) -> int:
    return {"Disabled": 0, "No": 0, "Enabled": 1, "Yes": 1}[cell]


def _mode(cell: str) -> int:
    return ("Default", "Exclusive_Thread", "Prohibited", "Exclusive_Process").index(cell)


def _action(cell: str) -> int:
    return ("None", "Reset", "Reboot", "Drain P2P", "Drain and Reset").index(cell)


def _milliwatts(cell: str) -> int:
    return round(float(cell) * 1000)


def _percent(cell: str) -> dict[str, int]:
    return {"gpu": int(cell)}


def _mebibytes(cell: str) -> dict[str, int]:
    return {"total": int(cell) << 20}


def _mask(cell: str) -> int:
    return int(cell, 16)


# Field -> our name for what NVML gives, and how a cell is read. Two fields may make one pair.
FIELDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "uuid": ("uuid", str),
    "memory.total": ("memory", _mebibytes),
    "name": ("name", str),
    "pci.bus_id": ("pcie", bus_address),
    "gpu_recovery_action": ("recovery_action", _action),
    "ecc.mode.current": ("ecc_mode", _switch),
    "ecc.mode.pending": ("ecc_mode", _switch),
    "ecc.errors.corrected.volatile.total": ("ecc_corrected", int),
    "ecc.errors.uncorrected.volatile.total": ("ecc_uncorrected", int),
    "retired_pages.single_bit_ecc.count": ("retired_pages", int),
    "retired_pages.double_bit.count": ("retired_pages", int),
    "retired_pages.pending": ("retired_pages_pending", _switch),
    "temperature.gpu": ("temperature", int),
    "temperature.memory": ("memory_temperature", int),
    "temperature.gpu.tlimit": ("temperature_margin", int),
    "pcie.link.gen.max": ("pcie_most_generation", int),
    "pcie.link.width.max": ("pcie_most_width", int),
    "persistence_mode": ("persistence", _switch),
    "compute_mode": ("compute_mode", _mode),
    "mig.mode.current": ("mig_mode", _switch),
    "mig.mode.pending": ("mig_mode", _switch),
    "enforced.power.limit": ("power_limit_mw", _milliwatts),
    "power.default_limit": ("power_default_limit_mw", _milliwatts),
}
SAMPLED: dict[str, tuple[str, Callable[[str], object]]] = {
    "utilization.gpu": ("utilization", _percent),
    "pcie.link.gen.current": ("pcie_generation", int),
    "pcie.link.width.current": ("pcie_width", int),
    "clocks_event_reasons.active": ("slowed_by", _mask),
    # Its name before driver 535.
    "clocks_throttle_reasons.active": ("slowed_by", _mask),
}
PAIRS = ("ecc_mode", "retired_pages", "mig_mode")
# In NVML's order.
ROWS: dict[str, Callable[[str], object]] = {
    "remapped_rows.correctable": int,
    "remapped_rows.uncorrectable": int,
    "remapped_rows.pending": _switch,
    "remapped_rows.failure": _switch,
}


def gpus(samples: int, apart: float, why: str, code: int | None = None) -> dict[str, object]:
    """`way` and `gpus`, or `refused`; `why` NVML is not asked, with its code if it gave one."""
    remarks: list[str] = [f"asked with nvidia-smi, which tells less: {why}"]
    try:
        rows = [
            words_of(cells, FIELDS) for cells in smi.gpu_cells([*FIELDS, "driver_version"], remarks)
        ]
        drivers = [str(row.pop("driver_version", "")) for row in rows]
        taken = [_sample(number, apart) for number in range(samples)]
    except smi.Refusal as refused:
        said = f"{why}; nvidia-smi: {refused}"
        if "mismatch" in str(refused).lower():
            code = 18
        return {"way": "nvidia-smi", "refused": {"code": code, "said": said}}
    for index, row in enumerate(rows):
        row["index"] = index
        row["samples"] = [one[index] for one in taken if index < len(one)]
    _add_rows(rows)
    _add_processes(rows, remarks)
    driver = drivers[0] if drivers else ""
    return {"way": "nvidia-smi", "driver": driver, "remarks": remarks, "gpus": rows}


def _add_rows(rows: list[dict[str, object]]) -> None:
    """Of GPUs from Ampere on, and drivers that know of rows; half of it is none."""
    query = f"--query-remapped-rows=gpu_uuid,{','.join(ROWS)}"
    try:
        text = smi.ask(query, "--format=csv,noheader")
    except smi.Refusal:
        return
    for cells in smi.parse_cells(text, ["gpu_uuid", *ROWS], []):
        uuid = cells.pop("gpu_uuid")
        values = [_value(cell, ROWS[name]) for name, cell in cells.items()]
        refused = [one for one in values if isinstance(one, dict)]
        for row in rows:
            if row["uuid"] == uuid:
                row["remapped_rows"] = refused[0] if refused else values


def _add_processes(rows: list[dict[str, object]], remarks: list[str]) -> None:
    held = smi.compute_processes()
    ours = containers.kit_containers()
    remarks += [containers.NOT_TOLD] if ours is None else []
    for row in rows:
        mine = held.get(str(row["uuid"]), [])
        row["processes"] = [containers.described(pid, mib << 20, ours or []) for pid, mib in mine]


def _sample(number: int, apart: float) -> list[dict[str, object]]:
    time.sleep(apart if number else 0)
    return [words_of(cells, SAMPLED) for cells in smi.gpu_cells(list(SAMPLED), [])]


def words_of(
    cells: dict[str, str], fields: dict[str, tuple[str, Callable[[str], object]]]
) -> dict[str, object]:
    """Our words for what NVML gives; a cell that is no value becomes NVML's refusal."""
    found: dict[str, object] = {}
    for field, cell in cells.items():
        name, convert = fields.get(field, (field, str))
        value = _value(cell, convert)
        known = found.get(name, [])
        if name not in PAIRS or isinstance(value, dict):
            # Of two names for one thing the driver knows one; half a pair is none.
            found[name] = value
        elif isinstance(known, list):
            found[name] = [*known, value]
    return found


def _value(cell: str, convert: Callable[[str], object]) -> object:
    words = cell.strip("[]")
    if cell.startswith("[") or words == "N/A":
        return {"code": _ERRORS.get(words, NOT_SUPPORTED), "said": words}
    try:
        return convert(cell)
    except (ValueError, KeyError):
        # A state of a driver that is newer than these words is not taken for health.
        return {"code": UNKNOWN, "said": f"nvidia-smi says `{words}`"}
