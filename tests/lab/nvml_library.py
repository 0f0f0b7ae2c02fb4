"""Compiles the fake NVML on the spot; a library of the same source is compiled once."""

import hashlib
import platform
from pathlib import Path

from tests.lab.machine import CACHE, need, one_at_a_time, run

SOURCES = Path(__file__).parent / "nvml"
# pynvml asks the linker for this name, and glibc answers with a loaded library that carries it.
SONAME = "libnvidia-ml.so.1"
FLAGS = (
    "-std=gnu11",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
)


def library() -> Path:
    """`libnvidia-ml.so.1`, alone in its folder, so that LD_LIBRARY_PATH can name that."""
    digest = hashlib.sha256(" ".join(FLAGS).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.read_bytes())
    built = CACHE / f"nvml-{digest.hexdigest()[:12]}" / SONAME
    if not built.exists():
        need("gcc")
        with one_at_a_time("nvml"):
            _compile(built)
    return built


def multiarch() -> str:
    """Debian's name of this machine's architecture, such as x86_64-linux-gnu."""
    return f"{platform.machine()}-linux-gnu"


def _compile(built: Path) -> None:
    built.parent.mkdir(parents=True, exist_ok=True)
    part = built.with_suffix(".part")
    sources = map(str, sorted(SOURCES.glob("*.c")))
    run("gcc", *FLAGS, f"-Wl,-soname,{SONAME}", "-o", str(part), *sources)
    part.rename(built)
