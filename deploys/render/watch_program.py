"""The program of the watch, as this kit has it: its own modules, what it has of the checks, NVML's.

GPUs are read and judged by the files that the checks of GPUs use, so that both mean the same. No
commit has the program: releases name it by its digest, and deploys take the files from here.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import util
from pathlib import Path

from deploys.render.release_watch import FOLDER, Part, WatchRelease, program_digest

_DEPLOYS = Path(__file__).parents[1]
_ROOT = _DEPLOYS.parent
PROGRAM = _DEPLOYS / "watching"
# What Python runs of a folder.
ENTRY = "__main__.py"
# Each with those that it imports.
OF_THE_CHECKS = {
    "checks/gpus": (
        *("health", "findings", "recovery", "memory", "driver", "xid_catalogue", "xids"),
        "unfit",
    ),
    "checks/probes/on_host": (
        *("linux", "limited", "kernel_log", "containers", "smi", "nvml", "readings"),
        *("health_by_nvml", "health_by_smi", "look"),
    ),
}
# A gateway's watch drains and reloads as the kit does.
SCRIPTS = ("set-drains", "reload-gateway")


def program(*parts: Part) -> dict[str, Path]:
    """Path below a host's release -> the kit's file.

    + parts: `gpus` where a replica of the host has some, `gateway` where it is one
    """
    modules = [path for path in PROGRAM.glob("*.py") if path.name != ENTRY]
    files = {str(path.relative_to(_ROOT)): path for path in modules}
    files[ENTRY] = PROGRAM / ENTRY
    if "gpus" in parts:
        files |= {
            f"{folder}/{name}.py": _ROOT / folder / f"{name}.py"
            for folder, names in OF_THE_CHECKS.items()
            for name in names
        }
        files["pynvml.py"] = nvml_file()
    if "gateway" in parts:
        folder = _DEPLOYS / "operations" / "scripts"
        files |= {name: folder / name for name in SCRIPTS}
    return {f"{FOLDER}/{path}": files[path] for path in sorted(files)}


@cache
def program_sha256s(*parts: Part) -> Mapping[str, str]:
    """Path below a host's release -> sha256 of the kit's file; read once, for all hosts."""
    return {
        path: hashlib.sha256(file.read_bytes()).hexdigest()
        for path, file in program(*parts).items()
    }


def committed_program(watch: WatchRelease | None) -> Mapping[str, str]:
    """Path -> sha256 of a release's program, where this kit has just that; else empty."""
    if watch is None or not watch.program:
        return {}
    found = program_sha256s(*watch.parts)
    return found if program_digest(found) == watch.program else {}


def nvml_file() -> Path:
    """NVIDIA's own reading of NVML, in one file; its version is the lock file's."""
    found = util.find_spec("pynvml")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pynvml")
    return Path(found.origin)
