"""A `homeport apply` that runs beside the test, watched by what it says."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.served import NAME, Served
from tests.lab.waiting import LONGEST_SECONDS, until


@dataclass
class RunningApply:
    """The process and all that it has said so far."""

    process: "subprocess.Popen[str]"
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

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; SIGKILL to pyinfra too, as when the machine dies."""
        if number == signal.SIGKILL:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def ends(self) -> int:
        """Waits for the end; the exit code."""
        return self.process.wait(LONGEST_SECONDS)


@contextmanager
def running_apply(served: Served, arguments: str = "") -> Iterator[RunningApply]:
    """Starts it; what still runs when the block ends is killed."""
    command = [".venv/bin/homeport", "apply", NAME, "--no-verify", *arguments.split()]
    process = subprocess.Popen(
        command, cwd=served.checkout.path, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    running = RunningApply(process)

    def read() -> None:
        for line in process.stdout or ():
            running.lines.append(line)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()
