"""The wheel of the pinned vLLM in a virtual environment of its own: it is no dependency.

Run: python -m tests.engine_facts.parser.wheel
336 MB of wheel, 3 GB with what its parser imports; no GPU.
"""

import re
import sys
from importlib.metadata import distributions

from deploys.settings.engine_versions import PINNED
from tests.lab.machine import ROOT, run

FOLDER = ROOT / ".homeport" / f"vllm-{PINNED['vllm']}"
PYTHON = FOLDER / "bin" / "python"
# Written last: what was interrupted begins anew.
READY = FOLDER / "ready"
# Not the wheel's own 2.14: pip takes a build for CPUs (2.13.0+cpu counts as newer than 2.13.0)
# where an index that it knows has one, and the parser does not ask torch which one it is.
TORCH = "torch==2.13.*"
# What computes on GPUs, or reads sound and films there: the parser imports none of it.
_OF_GPUS = re.compile(
    r"torch|nvidia-|nvtx|pynvvideocodec|flashinfer|tilelang|fastsafetensors|instanttensor"
    r"|quack-kernels|tokenspeed|humming|apache-tvm-ffi",
    re.IGNORECASE,
)


def install() -> None:
    """Downloads it, unless it is there; raises LabError."""
    if READY.exists():
        return
    print(f"   installing vllm {PINNED['vllm']} into {FOLDER}", file=sys.stderr)
    run(sys.executable, "-m", "venv", "--clear", str(FOLDER))
    _pip("--no-deps", f"vllm=={PINNED['vllm']}")
    _pip(TORCH, *needs())
    READY.touch()


def needs() -> list[str]:
    """What the wheel requires, but for what only a GPU needs."""
    (folder,) = FOLDER.glob("lib/python*/site-packages")
    (wheel,) = distributions(name="vllm", path=[str(folder)])
    return [one for one in wheel.requires or () if not _OF_GPUS.match(one)]


def _pip(*words: str) -> None:
    run(str(FOLDER / "bin" / "pip"), "install", "--quiet", *words, seconds=3600)


if __name__ == "__main__":
    install()
