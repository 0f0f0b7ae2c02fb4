"""A command of the kit whose lines are read as they come, and what they said."""

import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    lines: tuple[str, ...]
    ending_seconds: float = 0
    """From the signal that it got to its end; 0 without one."""

    @property
    def text(self) -> str:
        """All of its output."""
        return "\n".join(self.lines)

    @property
    def rollout(self) -> list[str]:
        """What the rollout told, without pyinfra's prefix."""
        return [line.partition("rollout: ")[2] for line in self.lines if "rollout: " in line]


def run_told(
    command: list[str],
    folder: Path,
    told: Callable[[str], None],
    kill_at: str = "",
    by: signal.Signals = signal.SIGKILL,
) -> Done:
    """Runs a command; `told` gets each line as it comes. At the first line with `kill_at` all of
    it gets the signal `by`, as from a terminal. When `told` fails it is killed.
    """
    process = subprocess.Popen(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYINFRA_PROGRESS": "off", "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
    )  # fmt: skip
    ending = threading.Timer(LONGEST_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    ending.start()
    try:
        lines, killed_at = _listen(process, told, kill_at, by)
        code = process.wait()
    except BaseException:
        # It would go on, and with it the locks that it holds.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        ending.cancel()
    return Done(code, lines, max(0.0, time.monotonic() - killed_at))


def _listen(
    process: "subprocess.Popen[str]",
    told: Callable[[str], None],
    kill_at: str,
    by: signal.Signals,
) -> tuple[tuple[str, ...], float]:
    """Its lines, and when it got the signal; never, where it got none."""
    lines: list[str] = []
    killed_at = math.inf
    for line in process.stdout or ():
        lines.append(line.rstrip("\n"))
        told(lines[-1])
        if kill_at and kill_at in line and killed_at == math.inf:
            killed_at = time.monotonic()
            os.killpg(process.pid, by)
    return tuple(lines), killed_at
