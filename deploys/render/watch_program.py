"""The program of the watch, word for word: its own modules, what it has of the checks, and NVML's.

GPUs are read and judged by the files that the checks of GPUs use, so that both mean the same.
"""

from functools import cache
from importlib import util
from pathlib import Path

_DEPLOYS = Path(__file__).parents[1]
_ROOT = _DEPLOYS.parent
PROGRAM = _DEPLOYS / "watching"
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
ENTRY = """\
# What systemd runs of the watch, from deploys/watching: `python3 FOLDER run`.
import sys

from deploys.watching.main import main

sys.exit(main(sys.path[0], sys.argv[1:]))
"""


def program(*, gpus: bool, gateway: bool) -> dict[str, str]:
    """Path below the release's `watch` -> text; `gpus`: whether a replica of the host has some."""
    paths = sorted(PROGRAM.glob("*.py"))
    files = {str(path.relative_to(_ROOT)): path.read_text() for path in paths}
    files["__main__.py"] = ENTRY
    if gpus:
        files |= {
            f"{folder}/{name}.py": (_ROOT / folder / f"{name}.py").read_text()
            for folder, names in OF_THE_CHECKS.items()
            for name in names
        }
        files["pynvml.py"] = _pynvml()
    if gateway:
        folder = _DEPLOYS / "operations" / "scripts"
        files |= {name: (folder / name).read_text() for name in SCRIPTS}
    return files


@cache
def _pynvml() -> str:
    """NVIDIA's own reading of NVML, in one file; its version is the lock file's."""
    found = util.find_spec("pynvml")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pynvml")
    return Path(found.origin).read_text()
