"""Which process holds a lock: told apart from every other, so that a dead one can be known."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process of one machine; empty words where the system does not tell."""

    machine: str = ""
    """Host name, boot and PID namespace: two containers share some of these, never all."""
    uid: int = -1
    """Another user's process may be hidden from this one, and would look gone."""
    pid: int = 0
    started: str = ""
    """Field 22 of stat(5), because a PID is used again."""


def this_process() -> Process:
    """The process that asks."""
    boot = _text(Path("/proc/sys/kernel/random/boot_id"))
    namespace = _link(Path("/proc/self/ns/pid"))
    machine = f"{socket.gethostname()} {boot} {namespace}" if boot and namespace else ""
    return Process(machine, os.getuid(), os.getpid(), _started(os.getpid()))


def is_gone(process: Process) -> bool:
    """Whether it certainly does not run any more; False where that cannot be known from here."""
    here = this_process()
    known = bool(process.machine and process.started)
    same = (process.machine, process.uid) == (here.machine, here.uid)
    return known and same and _started(process.pid) != process.started


def is_running(process: Process) -> bool:
    """Whether it certainly runs on this machine now."""
    same = bool(process.machine) and process.machine == this_process().machine
    return same and bool(process.started) and _started(process.pid) == process.started


def _started(pid: int) -> str:
    """Start time in clock ticks since boot; empty for no process, and for a zombie."""
    # The name in field 2 may hold blanks and brackets.
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else ""


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
