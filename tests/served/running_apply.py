"""A `homeport apply` that runs beside the test, watched by what it says."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.lab.served import NAME, Served
from tests.lab.waiting import LONGEST_SECONDS, until


@dataclass
class RunningApply:
    """The process and all that it has said so far."""

    process: "subprocess.Popen[str]"
    dies_at: str = ""
    """Words of a line at which all of it ends at once, as when its machine dies."""
    lines: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """Everything so far."""
        return "".join(self.lines)

    def wait_for(self, words: str) -> None:
        """Until it has said this; fails when it ends before."""
        until(
            lambda: words in self.said or self.process.poll() is not None,
            every_seconds=0.01,
            account=lambda: self.said,
        )
        assert words in self.said, self.said

    def read(self) -> None:
        """Takes in what it says, until the last of its processes has ended."""
        for line in self.process.stdout or ():
            self.lines.append(line)
            if self.dies_at and self.dies_at in line:
                self.kill()

    def kill(self) -> None:
        """Ends homeport and pyinfra, as far as they still run."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def ends(self) -> int:
        """Waits for the end; the exit code."""
        return self.process.wait(LONGEST_SECONDS)


@contextmanager
def running_apply(served: Served, *, dies_at: str = "") -> Iterator[RunningApply]:
    """Starts it; what still runs when the block ends is killed."""
    command = [".venv/bin/homeport", "apply", NAME, "--no-verify"]
    process = subprocess.Popen(
        command, cwd=served.checkout.path, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    running = RunningApply(process, dies_at)
    reader = threading.Thread(target=running.read)
    reader.start()
    try:
        yield running
    finally:
        running.kill()
        process.wait()
        reader.join()
