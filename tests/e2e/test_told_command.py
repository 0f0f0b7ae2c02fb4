"""What runs a command for the tests of rollouts leaves none behind, and interrupts it once."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.told_command import run_told

# Says `go` again after the first signal; ends once somebody has heard `over`.
COUNTS = """\
hits=0
trap 'hits=$((hits + 1))' INT
echo go
while [ $hits = 0 ]; do sleep 0.01; done
echo go
echo over
while [ ! -e over ]; do sleep 0.01; done
exit $hits
"""


class _Deaf(Exception):
    pass


def test_a_command_whose_listener_fails_is_gone(tmp_path: Path) -> None:
    heard: list[int] = []

    def told(line: str) -> None:
        heard.append(int(line))
        raise _Deaf

    with pytest.raises(_Deaf):
        run_told(["sh", "-c", "echo $$; exec sleep 30"], tmp_path, told)
    with pytest.raises(ProcessLookupError):
        os.kill(heard[0], 0)


def test_a_line_that_comes_again_brings_no_second_signal(tmp_path: Path) -> None:
    def told(line: str) -> None:
        if line == "over":
            (tmp_path / "over").touch()

    done = run_told(["sh", "-c", COUNTS], tmp_path, told, "go", signal.SIGINT)
    assert (done.code, done.lines) == (1, ("go", "go", "over"))
