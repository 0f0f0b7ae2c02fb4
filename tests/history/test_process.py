"""A process that certainly does not run any more is told from one that may."""

import dataclasses
import subprocess
import sys
import time

from deploys.history.process import Process, is_gone, is_running, this_process


def _dead() -> Process:
    here = this_process()
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    stat = f"/proc/{program.pid}/stat"
    with open(stat) as file:  # noqa: PTH123 - one line of the kernel's
        started = file.read().rpartition(")")[2].split()[19]
    living = dataclasses.replace(here, pid=program.pid, started=started)
    assert is_running(living)
    assert not is_gone(living)
    program.kill()
    time.sleep(0.2)
    # A zombie holds nothing.
    assert is_gone(living)
    program.wait()
    return living


def test_this_process_runs() -> None:
    assert is_running(this_process())
    assert not is_gone(this_process())


def test_a_killed_process_is_gone() -> None:
    dead = _dead()
    assert is_gone(dead)
    assert not is_running(dead)


def test_a_pid_that_another_process_got_is_not_the_same_process() -> None:
    reused = dataclasses.replace(this_process(), started="1")
    assert is_gone(reused)
    assert not is_running(reused)


def test_a_process_of_another_machine_boot_container_or_user_is_never_called_gone() -> None:
    dead = _dead()
    for words in ({"machine": "elsewhere"}, {"uid": 4242}, {"machine": ""}, {"started": ""}):
        assert not is_gone(dataclasses.replace(dead, **words))


def test_a_system_that_tells_nothing_is_never_called_gone() -> None:
    assert not is_gone(Process())
    assert not is_running(Process())
