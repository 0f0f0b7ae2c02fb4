"""Compiles the fake driver libraries on the spot; what has the same source is compiled once."""

import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path

from tests.lab.machine import CACHE, need, one_at_a_time, run

SOURCES = Path(__file__).parent
# pynvml asks the linker for this name, and glibc answers with a loaded library that carries it.
SONAME = "libnvidia-ml.so.1"
CUDA_SONAME = "libcuda.so.1"
FILES = {SONAME: ("nvml/*.c",), CUDA_SONAME: ("cuda/*.c", "nvml/state.c")}
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


def library(lacking: Sequence[str] = ()) -> Path:
    """`libnvidia-ml.so.1`, with `libcuda.so.1` alone in its folder, for LD_LIBRARY_PATH to name.

    `lacking`: functions that it does not have, as an older driver's.
    """
    digest = hashlib.sha256(" ".join((*FLAGS, *lacking)).encode())
    for path in sorted(SOURCES.glob("*/*.[ch]")):
        digest.update(path.read_bytes())
    folder = CACHE / f"nvml-{digest.hexdigest()[:12]}"
    if not all((folder / name).exists() for name in FILES):
        need("gcc")
        with one_at_a_time("nvml"):
            # The name of a function is that of its symbol: under another one nobody finds it.
            renamed = [f"-D{function}=lacking_{function}" for function in lacking]
            for name in FILES:
                _compile(folder / name, renamed)
    return folder / SONAME


def cuda_library() -> Path:
    """`libcuda.so.1`."""
    return library().with_name(CUDA_SONAME)


def multiarch() -> str:
    """Debian's name of this machine's architecture, such as x86_64-linux-gnu."""
    return f"{platform.machine()}-linux-gnu"


def _compile(built: Path, options: Sequence[str]) -> None:
    built.parent.mkdir(parents=True, exist_ok=True)
    part = built.with_suffix(".part")
    sources = [str(path) for files in FILES[built.name] for path in sorted(SOURCES.glob(files))]
    run("gcc", *FLAGS, *options, f"-Wl,-soname,{built.name}", "-o", str(part), *sources)
    part.rename(built)
