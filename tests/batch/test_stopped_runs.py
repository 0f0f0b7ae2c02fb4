"""The real command, killed and stopped: what is finished stays, what is not is done later."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.batch.batch_files import chat_line, names, write_lines
from tests.batch.desk import Desk
from tests.batch.scripted_gateway import Reply, ScriptedGateway

pytestmark = pytest.mark.deploys

COMMAND = Path(sys.executable).with_name("homeport")
# Only so that a test which fails does end.
LONGEST_SECONDS = 60


class Hold:
    """Answers some requests and keeps all others waiting."""

    def __init__(self, gateway: ScriptedGateway, answered: int) -> None:
        self._gateway, self._answered = gateway, answered
        self._reached, self._released = threading.Event(), threading.Event()
        gateway.reply = self._reply

    def _reply(self, _name: str, _time: int) -> Reply:
        if len(self._gateway.asked) > self._answered:
            self._reached.set()
            self._released.wait(LONGEST_SECONDS)
        return Reply()

    def wait(self) -> None:
        """Until a request is kept waiting."""
        assert self._reached.wait(LONGEST_SECONDS)

    def release(self) -> None:
        """Answers them."""
        self._released.set()


@contextmanager
def command(desk: Desk, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`homeport batch run small in.jsonl` as a process of its own."""
    arguments = [str(COMMAND), "batch", "run", "small", "in.jsonl", *words]
    process = subprocess.Popen(
        arguments, cwd=desk.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def whole_names(path: Path) -> list[str]:
    """Of the lines that are whole after a kill."""
    whole = path.with_name("whole.jsonl")
    whole.write_bytes(path.read_bytes().rpartition(b"\n")[0] + b"\n")
    return names(whole)


def test_after_kills_no_line_is_lost_and_none_that_is_finished_is_asked_again(desk: Desk) -> None:
    lines = [f"{number}" for number in range(100)]
    write_lines(desk.root / "in.jsonl", map(chat_line, lines))
    finished: set[str] = set()
    for answered in (20, 30):
        desk.gateway.asked.clear()
        hold = Hold(desk.gateway, answered)
        with command(desk, "--concurrency", "8") as process:
            hold.wait()
            process.send_signal(signal.SIGKILL)
            process.wait(LONGEST_SECONDS)
        hold.release()
        # What it had sent may not have been read when it died.
        desk.gateway.settle()
        # A worker asks again only after its last answer is written down.
        now = whole_names(desk.answers)
        assert len(now) - len(finished) > answered - 8
        assert not finished & set(desk.gateway.asked)
        finished = set(now)
        with desk.answers.open("ab") as file:
            file.write(b'{"id":"batch_req_0123456789abcdef_99","custom_id":"9')
    desk.gateway.asked.clear()
    desk.gateway.reply = lambda _name, _time: Reply()
    assert desk.run() == 0
    assert sorted(names(desk.answers)) == sorted(lines)
    assert sorted(desk.gateway.asked) == sorted(set(lines) - finished)


def test_the_first_ctrl_c_lets_running_answers_end(desk: Desk) -> None:
    write_lines(desk.root / "in.jsonl", [chat_line(str(number)) for number in range(10)])
    hold = Hold(desk.gateway, 1)
    with command(desk, "--concurrency", "1") as process:
        hold.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.readline()
        hold.release()
        out, error = process.communicate(timeout=LONGEST_SECONDS)
    assert said == "stopping when running requests are answered (1); again: at once\n"
    assert process.returncode == 1
    assert error == "error: stopped by Ctrl-C\nhint: the same command goes on from here\n"
    assert "2 answered now, 8 left" in out
    assert names(desk.answers) == ["0", "1"]
    assert desk.gateway.asked == ["0", "1"]


def test_the_second_ctrl_c_ends_at_once(desk: Desk) -> None:
    write_lines(desk.root / "in.jsonl", [chat_line(str(number)) for number in range(10)])
    hold = Hold(desk.gateway, 3)
    with command(desk, "--concurrency", "1") as process:
        hold.wait()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "stopping" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=LONGEST_SECONDS)
    hold.release()
    assert process.returncode == 1
    assert "3 answered now, 7 left" in out
    assert names(desk.answers) == ["0", "1", "2"]


def test_a_line_that_waits_for_its_next_try_does_not_keep_the_run(desk: Desk) -> None:
    write_lines(desk.root / "in.jsonl", [chat_line("a"), chat_line("b")])
    asked = threading.Event()

    def reply(_name: str, _time: int) -> Reply:
        asked.set()
        # Far beyond the test's own limit.
        return Reply(429, headers={"Retry-After": "800"})

    desk.gateway.reply = reply
    with command(desk) as process:
        assert asked.wait(LONGEST_SECONDS)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=LONGEST_SECONDS)
    assert process.returncode == 1
    assert "error: stopped by SIGTERM" in error
    assert "2 left" in out
    assert names(desk.answers) == []
