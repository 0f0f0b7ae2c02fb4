"""GPUs as nvidia-smi prints them: for hosts whose Python has no ctypes."""

from __future__ import annotations

import re
import subprocess
from typing import Callable

from checks.probes.on_host.containers import own_mib, stable_mib


def bus_address(text: str) -> str:
    """`00000000:18:00.0` as the kernel writes it: `0000:18:00.0`."""
    domain, _, rest = text.strip().lower().partition(":")
    return f"{int(domain, 16):04x}:{rest}"


# Field of nvidia-smi -> field of the hardware file, and how it is read.
FIELDS: dict[str, tuple[str, Callable[[str], object]]] = {
    "uuid": ("uuid", str),
    "name": ("name", str),
    "memory.total": ("memory_mib", int),
    "memory.used": ("used_mib", int),
    "compute_cap": ("compute_capability", str),
    "pci.bus_id": ("pcie", bus_address),
    "pcie.link.gen.max": ("pcie_generation", int),
    "pcie.link.width.max": ("pcie_width", int),
    "mig.mode.current": ("mig", str),
    "driver_version": ("driver", str),
}
NEEDED = ("uuid", "name", "memory_mib")


class Refusal(Exception):
    """nvidia-smi is missing or fails; says why."""


def ask(*options: str) -> str:
    """What nvidia-smi prints; raises Refusal with its own words."""
    try:
        done = subprocess.run(
            ("nvidia-smi", *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError:
        raise Refusal("there is no nvidia-smi") from None
    if done.returncode:
        raise Refusal(" ".join(done.stdout.split()) or f"nvidia-smi ended with {done.returncode}")
    return done.stdout


def read_gpus(remarks: list[str]) -> dict[str, object]:
    """`driver`, `cuda` and `gpus`; adds to `remarks` what could not be read."""
    rows = _rows(gpu_cells(list(FIELDS), remarks), remarks)
    for row in rows:
        if str(row.pop("mig", "")).lower() == "enabled":
            raise Refusal("a GPU is in MIG mode, and its slices cannot be read without ctypes")
    drivers = [str(row.pop("driver", "")) for row in rows]
    ours = compute_processes() if rows else {}
    for row in rows:
        used = int(str(row.pop("used_mib", 0))) - own_mib(ours.get(str(row["uuid"]), []), remarks)
        row["used_mib"] = stable_mib(used)
    return {"driver": drivers[0] if drivers else "", "cuda": cuda_version(), "gpus": rows}


def cuda_version() -> str:
    """The newest CUDA that the driver serves; empty when nvidia-smi does not say."""
    version = re.search(r"CUDA Version: *([\d.]+)", ask())
    return version.group(1) if version else ""


def gpu_cells(fields: list[str], remarks: list[str]) -> list[dict[str, str]]:
    """Field -> cell for each GPU, without fields that this driver's nvidia-smi does not know."""
    while True:
        try:
            text = ask(f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits")
        except Refusal as refusal:
            unknown = re.search(r'Field "([\w.]+)" is not a valid field', str(refusal))
            if unknown is None or unknown.group(1) not in fields:
                raise
            fields = [field for field in fields if field != unknown.group(1)]
            remarks.append(f"nvidia-smi of this driver does not know {unknown.group(1)}")
        else:
            return parse_cells(text, fields, remarks)


def parse_cells(text: str, fields: list[str], remarks: list[str]) -> list[dict[str, str]]:
    """CSV lines -> GPUs; a line of another length is told in `remarks` and left out."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == len(fields):
            found.append(dict(zip(fields, cells)))
        else:
            remarks.append(f"left out: {line}")
    return found


def parse_rows(text: str, fields: list[str], remarks: list[str]) -> list[dict[str, object]]:
    """CSV lines -> GPUs; one without UUID, name or memory is told in `remarks` and left out."""
    return _rows(parse_cells(text, fields, remarks), remarks)


def _rows(found: list[dict[str, str]], remarks: list[str]) -> list[dict[str, object]]:
    return [row for cells in found if (row := _row(cells, remarks))]


def _row(cells: dict[str, str], remarks: list[str]) -> dict[str, object] | None:
    """Words of the hardware file; None without UUID, name or memory, which `remarks` tells."""
    row = {}
    for field, cell in cells.items():
        key, convert = FIELDS[field]
        try:
            # [N/A], [Not Supported], [GPU is lost], [Unknown Error] …
            row[key] = None if cell.startswith("[") else convert(cell)
        except ValueError:
            row[key] = None
        if row[key] is None and key not in (*NEEDED, "mig"):
            remarks.append(f"{cells.get('uuid')}: {key} is not supported ({cell})")
    if all(row.get(key) for key in NEEDED):
        return {key: value for key, value in row.items() if value is not None}
    remarks.append(f"a GPU cannot be read and is left out: {', '.join(cells.values())}")
    return None


def compute_processes() -> dict[str, list[tuple[int, int]]]:
    """UUID -> (PID, MiB) of its compute processes."""
    query = "--query-compute-apps=gpu_uuid,pid,used_memory"
    try:
        text = ask(query, "--format=csv,noheader,nounits")
    except Refusal:
        # All of it then counts as in use by others, which errs on the safe side.
        return {}
    found: dict[str, list[tuple[int, int]]] = {}
    for line in text.splitlines():
        uuid, _, rest = line.partition(", ")
        numbers = re.fullmatch(r"(\d+), (\d+)", rest.strip())
        if numbers:
            found.setdefault(uuid, []).append((int(numbers.group(1)), int(numbers.group(2))))
    return found
