"""Which processes on a GPU are the kit's own engines: their memory is not in use by others."""

from __future__ import annotations

import subprocess
from typing import Iterable

from checks.probes.on_host.linux import read

# Each reading of NVML differs by a few MiB, and an idle GPU shows none to a few.
NOTHING_MIB = 16
STEP_MIB = 64
NOT_TOLD = "Docker does not say which processes are the kit's: all count as others'"
LISTING = ("docker", "ps", "--no-trunc", "--quiet", "--filter", "label=homeport.environment")


def own_mib(processes: Iterable[tuple[int, int]], remarks: list[str], root: str = "") -> int:
    """The sum of memory, in MiB, over (PID, MiB) of processes in the kit's containers."""
    held = list(processes)
    ours = kit_containers() if held else []
    if ours is None:
        remarks.append(NOT_TOLD)
        return 0
    return sum(mib for pid, mib in held if is_in(pid, ours, root))


def stable_mib(used_mib: int) -> int:
    """Rounded up, so that the same use is the same number."""
    return 0 if used_mib <= NOTHING_MIB else -(-used_mib // STEP_MIB) * STEP_MIB


def is_in(pid: int, containers: list[str], root: str = "") -> bool:
    """Whether a process belongs to one of these containers."""
    groups = read(f"{root}/proc/{pid}/cgroup")
    return any(container in groups for container in containers)


def described(pid: int, held_bytes: int | None, ours: list[str]) -> dict[str, object]:
    """A process for a report; None: the driver does not tell what it holds."""
    name = read(f"/proc/{pid}/comm") or "of another container or user"
    return {"pid": pid, "held_bytes": held_bytes, "name": name, "ours": is_in(pid, ours)}


def kit_containers() -> list[str] | None:
    """Identifiers of the kit's containers; None when Docker is there and does not say."""
    try:
        done = subprocess.run(LISTING, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return []
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.split() if done.returncode == 0 else None
