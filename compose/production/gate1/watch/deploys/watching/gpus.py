"""GPUs that cannot be relied on, by their driver's own verdict: nvidia-smi, which may hang.

A process of its own is asked and left behind where it does not answer: a call that hangs in the
driver cannot be ended. What the driver does not say is no verdict.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Iterable, Mapping

SECONDS = 20.0
FIELDS = ("uuid", "gpu_recovery_action")
# nvidia-smi's words of nvmlDeviceGpuRecoveryAction_t. Work over NVLink alone is at stake with the
# last one: one can live with it, as the check of GPUs says too.
HARMLESS = ("none", "drain p2p")
# Of GPUs from Ampere on; drivers without that verdict know this as well.
ROWS = ("gpu_uuid", "remapped_rows.failure", "remapped_rows.pending")
ROWS_SAY = (
    "rows of its memory could not be replaced",
    "rows of its memory wait for a reset to be replaced",
)
# What stands in a cell of one that fell off the bus, or hangs.
LOST = ("gpu is lost", "gpu requires reset")
MISSING = "it is not there any more"


class Unanswered(Exception):
    """nvidia-smi says nothing; why."""


def conditions(wanted: Iterable[str]) -> dict[str, str]:
    """UUID of each GPU that is unfit -> what shows it; raises Unanswered."""
    found = read_conditions(_asked(list(FIELDS)), list(FIELDS))
    rows = _rows()
    return {
        uuid: words for uuid in wanted if (words := found.get(uuid, MISSING) or rows.get(uuid, ""))
    }


def read_conditions(text: str, fields: list[str]) -> dict[str, str]:
    """CSV of `fields` -> what is wrong with each GPU by UUID; empty words: nothing."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(fields):
            continue
        found[cells[0]] = next(filter(None, map(_wrong, cells[1:])), "")
    return found


def read_rows(text: str) -> dict[str, str]:
    """CSV of ROWS -> UUID of each GPU whose memory waits for a repair, or is beyond one."""
    found = {}
    for line in text.splitlines():
        uuid, *cells = (cell.strip() for cell in line.split(","))
        wrong = [words for cell, words in zip(cells, ROWS_SAY) if cell.lower() == "yes"]
        if wrong and len(cells) == len(ROWS_SAY):
            found[uuid] = wrong[0]
    return found


def of_replicas(used: Mapping[str, list[str]], found: Mapping[str, str]) -> dict[str, str]:
    """Replica -> what is wrong with one of its GPUs, the first."""
    return {
        replica: f"{uuid}: {found[uuid]}"
        for replica, uuids in used.items()
        for uuid in uuids[::-1]
        if uuid in found
    }


def _wrong(cell: str) -> str:
    words = cell.strip("[]").lower()
    if words in LOST:
        return words
    # `[N/A]` and the like: this board or driver does not tell.
    if cell.startswith("[") or words in ("", "n/a", *HARMLESS):
        return ""
    return f"its driver asks for: {words}"


def _asked(fields: list[str]) -> str:
    """What nvidia-smi prints; drivers before 560 or so do not know the recovery action."""
    said = _run(["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"])
    if re.search(r'Field "[\w.]+" is not a valid field', said):
        said = _run(["nvidia-smi", "--query-gpu=uuid,uuid", "--format=csv,noheader"])
        # The second is no condition.
        return "\n".join(f"{line.partition(',')[0]}, [N/A]" for line in said.splitlines())
    return said


def _rows() -> dict[str, str]:
    """Nothing where this driver does not know of rows."""
    try:
        return read_rows(
            _run(["nvidia-smi", f"--query-remapped-rows={','.join(ROWS)}", "--format=csv,noheader"])
        )
    except Unanswered:
        return {}


def _run(command: list[str]) -> str:
    null = open(os.devnull, "rb")  # noqa: SIM115  of the process, which may outlive this one
    try:
        process = subprocess.Popen(
            command,
            stdin=null,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise Unanswered(f"nvidia-smi: {error.strerror}") from None
    finally:
        null.close()
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Unanswered(f"nvidia-smi gave no answer within {SECONDS:.0f} s") from None
    if process.returncode and "not a valid field" not in said:
        raise Unanswered(f"nvidia-smi: {' '.join(said.split())[-200:]}")
    return said
