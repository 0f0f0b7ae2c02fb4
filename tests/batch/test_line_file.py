"""Files that only grow: torn ends, other people's files, full disks, two runs at once."""

from pathlib import Path

import pytest

from deploys.batch.letters import Answer, answer_line
from deploys.batch.line_file import InUse, LineFile
from deploys.settings.refusal import Refused
from tests.batch.batch_files import chat_line, names
from tests.batch.desk import Desk
from tests.batch.full_disk import largest_file
from tests.batch.scripted_gateway import Reply

DIGEST, OTHER = "a" * 64, "b" * 64


def line(number: int, digest: str = DIGEST) -> bytes:
    """The answer of a line, with text that looks like an id and like a line's end."""
    body = {"text": '{"id":"batch_req_\n'}
    return answer_line(digest, number, f"n{number}", Answer(200, "r", body))


def finished(path: Path, digest: str = DIGEST) -> list[int]:
    """What the file says is finished."""
    file = LineFile(path)
    try:
        return list(file.finished(digest))
    finally:
        file.close()


def test_whatever_was_torn_off_the_last_line_is_repaired(tmp_path: Path) -> None:
    path, whole = tmp_path / "out.jsonl", line(1) + line(2)
    for torn in (*range(0, len(line(3)), 9), len(line(3)) - 1):
        path.write_bytes(whole + line(3)[:torn])
        assert finished(path) == [1, 2]
        assert path.read_bytes() == whole


def test_a_first_line_that_was_torn_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for torn in (line(1)[:1], line(1)[:12], line(1)[:-1], b"\0" * 512):
        path.write_bytes(torn)
        assert finished(path) == []
        assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "content",
    [b"notes", b"notes\n", b'{"id": "batch_req_1"}\n', b"\n", line(1) + b"notes\n" + line(2)],
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(content)
    with pytest.raises(Refused, match="is no file of this command's"):
        finished(path)
    assert path.read_bytes() == content


def test_answers_of_another_input_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(line(1, OTHER) + line(2, OTHER)[:30])
    with pytest.raises(Refused, match="is of another input"):
        finished(path)
    assert path.read_bytes() == line(1, OTHER) + line(2, OTHER)[:30]


def test_a_changed_input_is_refused_by_the_command(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    assert desk.run([chat_line("a")]) == 0
    assert desk.run([chat_line("a"), chat_line("b")]) == 7
    assert "in.answers.jsonl: is of another input" in capfd.readouterr().err
    assert desk.gateway.asked == ["a"]


def test_two_runs_never_write_to_one_file(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    other = LineFile(desk.answers)
    try:
        assert desk.run([chat_line("a")]) == 8
    finally:
        other.close()
    assert "another run writes to it" in capfd.readouterr().err
    assert desk.run() == 0


def test_a_second_file_of_the_same_name_waits_for_no_one(tmp_path: Path) -> None:
    first = LineFile(tmp_path / "out.jsonl")
    with pytest.raises(InUse):
        LineFile(tmp_path / "out.jsonl")
    first.close()
    LineFile(tmp_path / "out.jsonl").close()


def test_a_line_for_which_there_is_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    file = LineFile(path)
    file.append(line(1))
    with largest_file(len(line(1)) + 20), pytest.raises(OSError, match="File too large"):
        file.append(line(2))
    assert path.read_bytes() == line(1)
    file.append(line(2))
    file.close()
    assert finished(path) == [1, 2]


def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = [chat_line("a"), chat_line("b")]
    desk.gateway.reply = lambda _name, _time: Reply(body={"text": "x" * 3000})
    with largest_file(4096):
        assert desk.run(lines, "--concurrency", "1") == 1
    told = capfd.readouterr()
    assert "error: in.answers.jsonl: File too large" in told.err
    assert "the same command goes on from here" in told.err
    assert "1 answered now, 1 left" in told.out
    assert desk.run() == 0
    assert sorted(names(desk.answers)) == ["a", "b"]
