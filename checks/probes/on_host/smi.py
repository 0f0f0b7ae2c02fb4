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
    rows = gpu_rows(list(FIELDS), remarks)
    for row in rows:
        if str(row.pop("mig", "")).lower() == "enabled":
            raise Refusal("a GPU is in MIG mode, and its slices cannot be read without ctypes")
    drivers = [str(row.pop("driver", "")) for row in rows]
    ours = _own_processes() if rows else {}
    for row in rows:
        used = int(str(row.pop("used_mib", 0))) - own_mib(ours.get(str(row["uuid"]), []), remarks)
        row["used_mib"] = stable_mib(used)
    version = re.search(r"CUDA Version: *([\d.]+)", ask())
    return {
        "driver": drivers[0] if drivers else "",
        "cuda": version.group(1) if version else "",
        "gpus": rows,
    }


def gpu_rows(fields: list[str], remarks: list[str]) -> list[dict[str, object]]:
    """One mapping per GPU; a field that this driver's nvidia-smi does not know is left out."""
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
            return parse_rows(text, fields, remarks)


def parse_rows(text: str, fields: list[str], remarks: list[str]) -> list[dict[str, object]]:
    """CSV lines -> GPUs; one without UUID, name or memory is told in `remarks` and left out."""
    rows = []
    for line in filter(None, map(str.strip, text.splitlines())):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(fields):
            remarks.append(f"left out: {line}")
            continue
        row = _row(dict(zip(fields, cells)), remarks)
        if all(row.get(key) for key in NEEDED):
            rows.append(row)
        else:
            remarks.append(f"a GPU cannot be read and is left out: {line}")
    return rows


def _row(cells: dict[str, str], remarks: list[str]) -> dict[str, object]:
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
    return {key: value for key, value in row.items() if value is not None}


def _own_processes() -> dict[str, list[tuple[int, int]]]:
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
