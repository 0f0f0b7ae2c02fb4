"""GPUs that want something done: by the driver's own verdict, or gone from the bus."""

from __future__ import annotations

from typing import Iterator

from checks.gpus.findings import Finding, failing, warning
from checks.gpus.health import LOST, Gpu

RESET = "drain its replicas, then `nvidia-smi --gpu-reset -i GPU`"
REBOOT = "`homeport drain` its replicas, then reboot the host"
POWER_CYCLE = (
    "take the host's power away for a minute; if it happens again, reseat the card and its power "
    "cables, then return it"
)
# nvmlDeviceGpuRecoveryAction_t of nvml.h (13.615). DCGM 4.6 knows 1 to 4 and ignores the rest.
ACTIONS = {
    1: ("GPU reset", RESET),
    2: ("reboot of the host", REBOOT),
    3: ("drain of peer-to-peer work", "let what uses it together with other GPUs end; no new work"),
    4: ("drain and reset", RESET),
    5: (
        "recovery of its IMEX domain",
        "`systemctl restart nvidia-imex` on all hosts of the domain",
    ),
    6: ("bus reset", REBOOT),
    7: ("reboot of the host", REBOOT),
}
DRAIN_P2P = 3
INFOROM_CORRUPTED = 14


def lost(gpu: Gpu) -> Iterator[Finding]:
    """NVML answers 15 or 16 for one that fell off the bus or must be reset."""
    codes = {one["code"]: one["said"] for one in gpu.readings.values() if _is_refusal(one)}
    for code in sorted(set(codes) & set(LOST)):
        remedy = POWER_CYCLE if code == LOST[0] else RESET
        yield failing(f"{codes[code]} (NVML {code})", "it fell off the bus or hangs", remedy)


def recovery_action(gpu: Gpu) -> Iterator[Finding]:
    """The driver's verdict (from about driver 560 on), and repairs that a reset would apply."""
    action = gpu.get("recovery_action")
    name, remedy = ACTIONS.get(action, ("something that is not known here", REBOOT))
    evidence = f"recovery action {action}"
    if action == DRAIN_P2P:
        yield warning(evidence, f"the driver asks for a {name}", remedy)
    elif action:
        yield failing(evidence, f"the driver asks for: {name}", remedy)
    channel, tpc = gpu.known("repair_pending") or (0, 0)
    if channel or tpc:
        evidence = "a repair is pending"
        yield warning(evidence, "spare parts of the chip wait to be switched in", RESET)


def inforom(gpu: Gpu) -> Iterator[Finding]:
    """The board's own memory, which holds its ECC counts and its settings."""
    found = gpu.readings.get("inforom") or {}
    if found.get("code") == INFOROM_CORRUPTED:
        remedy = "the board's maker has tools to write it anew; otherwise return the card"
        yield failing("its infoROM is corrupted", "its checksums do not fit", remedy)
    else:
        gpu.get("inforom")


def _is_refusal(value: object) -> bool:
    return isinstance(value, dict) and "code" in value
