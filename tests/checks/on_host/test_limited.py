"""What is read in a process of its own: an answer, an error, or nothing in time."""

import fcntl
import os
import signal
import time
from pathlib import Path

from checks.probes.on_host import limited
from tests.lab.waiting import until


def _outcome(read: object, seconds: float = 10.0) -> str | None:
    assert callable(read)
    return limited.outcome(limited.begin(read), time.monotonic() + seconds)


def test_an_answer_is_its_literal() -> None:
    assert _outcome(lambda: {"gpus": [1, "two" * 100_000]}) == repr({"gpus": [1, "two" * 100_000]})


def test_an_error_is_told_in_its_own_words() -> None:
    assert _outcome(lambda: 1 / 0) == repr(
        {"refused": {"code": None, "said": "ZeroDivisionError: division by zero"}}
    )


def test_what_never_ends_is_left_behind() -> None:
    began = time.monotonic()
    assert _outcome(lambda: time.sleep(60), seconds=0.2) is None
    assert time.monotonic() - began < 30


def test_what_it_prints_does_not_mix_with_the_answer() -> None:
    assert _outcome(lambda: print("noise")) == "None"


def test_what_is_left_behind_keeps_no_lock_of_the_program_that_left_it(tmp_path: Path) -> None:
    ours = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(ours, fcntl.LOCK_EX)
    pid, reader = limited.begin(lambda: time.sleep(60))

    def is_free() -> bool:
        again = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(again)
        return True

    os.close(ours)
    try:
        # It lets go of it before it begins to read.
        until(is_free)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)
