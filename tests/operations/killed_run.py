"""Raw pyinfra in a process group of its own, which a test ends as a power cut does."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def started(root: Path, deploy: str) -> "subprocess.Popen[str]":
    """A run of `deploy` on all hosts of the lab."""
    return begun(root, "-m", "pyinfra", "-y", "inventories/lab.py", deploy)


def begun(root: Path, *words: str) -> "subprocess.Popen[str]":
    """Python with these arguments."""
    return subprocess.Popen(
        [sys.executable, *words], cwd=root, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYINFRA_PROGRESS": "off"},
    )  # fmt: skip


def killed(run: "subprocess.Popen[str]") -> str:
    """Ends it at once; what it had said."""
    os.killpg(run.pid, signal.SIGKILL)
    return run.communicate()[0]
