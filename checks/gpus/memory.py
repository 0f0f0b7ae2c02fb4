"""A GPU's memory: errors that ECC could not correct, rows and pages that wear out."""

from __future__ import annotations

from typing import Iterator

from checks.gpus.findings import Finding, failing, warning
from checks.gpus.health import Gpu, Lacking
from checks.gpus.recovery import RESET

RETURN = "NVIDIA's field diagnostic confirms it; return the card"
# Meta's gcm warns at 50 million and Azure's node checks fail at 20 million; a healthy board of HBM
# has none to thousands.
MANY_CORRECTED = 10_000_000
# NVIDIA's GPU memory error management: more than 512 rows make a board due for return.
MOST_REMAPPED = 512
# NVIDIA's dynamic page retirement: 64 pages fit into the table, and 60 or more are grounds for a
# return; DCGM fails at 63. More than 15 by double-bit errors are a sign.
MOST_RETIRED = 63
MANY_RETIRED = 15


def errors(gpu: Gpu) -> Iterator[Finding]:
    """Counted since the driver was loaded."""
    current, pending = gpu.get("ecc_mode")
    if current not in (0, 1):
        yield failing(f"ECC mode {current}", "a state that is not known here", RESET)
    if current != pending:
        state = "on" if pending else "off"
        yield warning(f"ECC will be {state}", "a change waits for a reset", RESET)
    elif not current:
        usual = ", and on by default" if gpu.known("ecc_default") else ""
        cause = "errors in weights go unnoticed"
        yield warning(f"ECC is off{usual}", cause, "`nvidia-smi -e 1`, reboot")
    uncorrected = gpu.known("ecc_uncorrected") or 0
    if uncorrected:
        cause = "answers since may be wrong, or the engine has died of it"
        remedy = f"{RESET}; see then whether rows were remapped"
        yield failing(f"{uncorrected} uncorrected memory errors", cause, remedy)
    corrected = gpu.known("ecc_corrected") or 0
    if corrected >= MANY_CORRECTED:
        cause = "its memory wears out"
        yield warning(f"{corrected:,} corrected memory errors", cause, "watch it; plan a spare")
    sram = gpu.known("sram") or {}
    if sram.get("bThresholdExceeded"):
        cause = "the chip's own memory has had too many errors in one place"
        yield failing("the SRAM error threshold is exceeded", cause, RETURN)


def remapped_rows(gpu: Gpu) -> Iterator[Finding]:
    """From Ampere on; GeForce boards say zero whatever happens."""
    _, uncorrected, pending, failed = gpu.get("remapped_rows")
    if failed:
        cause = "no spare row was left for one that failed"
        yield failing("a row could not be remapped", cause, RETURN)
    if pending:
        cause = "a failing row is still in use until the next reset"
        yield failing("a row waits to be remapped", cause, RESET)
    if uncorrected >= MOST_REMAPPED:
        cause = f"NVIDIA takes boards back from {MOST_REMAPPED} on"
        yield failing(f"{uncorrected} rows were remapped after errors", cause, RETURN)
    banks = gpu.known("remapped_banks") or {}
    if banks.get("none"):
        cause = "the next error there cannot be remapped"
        evidence = f"{banks['none']} banks have no spare row left"
        yield warning(evidence, cause, "plan a spare")


def retired_pages(gpu: Gpu) -> Iterator[Finding]:
    """Before Ampere, instead of remapping rows."""
    single, double = gpu.get("retired_pages")
    try:
        pending = gpu.get("retired_pages_pending")
    except Lacking:
        pending = 0
    if pending:
        cause = "a failing page is still in use until the driver is loaded anew"
        yield failing("a page waits to be retired", cause, RESET)
    if single + double >= MOST_RETIRED:
        evidence = f"{single + double} pages are retired"
        yield failing(evidence, "the table of 64 is full", RETURN)
    elif double > MANY_RETIRED:
        evidence = f"{double} pages are retired after double-bit errors"
        yield warning(evidence, "its memory wears out", "plan a spare")
