"""A batch file is refused as a whole, with every reason, before the first request."""

import io
import json
import os
from pathlib import Path

import pytest

from deploys.batch import index
from deploys.batch.checking import SHOWN_COMPLAINTS, batch_format, checked
from deploys.batch.offer import ENVELOPE_BYTES
from deploys.cli.main import exit_code
from deploys.settings.refusal import Refused
from tests.batch.batch_files import (
    chat_line,
    embedding_line,
    names,
    read_lines,
    write_lines,
)
from tests.batch.desk import Desk
from tests.batch.direct import OFFER
from tests.batch.full_disk import largest_file

GOOD = chat_line("a")


def test_all_complaints_are_told_at_once_and_nothing_is_sent(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = [chat_line("a"), "{", chat_line("a"), "", chat_line("b", stream=True, model="x")]
    assert desk.run(lines) == 7
    told = capfd.readouterr().err
    for complaint in (
        "in.jsonl: line 2: is not JSON",
        "in.jsonl: line 3.custom_id: 'a' is that of line 1 too",
        "in.jsonl: line 5.body.model: no pool serves 'x'",
        "in.jsonl: line 5.body.stream: asks for a stream",
    ):
        assert complaint in told
    assert desk.gateway.asked == []
    assert sorted(path.name for path in desk.root.glob("in.*")) == ["in.jsonl"]


def test_checking_says_the_same_and_sends_nothing(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.run([chat_line("a"), "{"])
    refused = capfd.readouterr().err
    assert exit_code(["batch", "check", "small", "in.jsonl"]) == 7
    assert capfd.readouterr().err == refused
    (desk.root / "in.jsonl").write_text(json.dumps(GOOD))
    assert exit_code(["batch", "check", "small", "in.jsonl"]) == 0
    assert "in.jsonl: 1 lines, all of them can be sent" in capfd.readouterr().out
    assert desk.gateway.asked == []


def test_what_cannot_be_sent_becomes_a_dead_letter_where_that_is_asked_for(desk: Desk) -> None:
    lines = [chat_line("a"), "{", chat_line("a"), chat_line("b", stream=True)]
    assert desk.run(lines, "--skip-invalid") == 1
    assert names(desk.answers) == ["a"]
    letters = read_lines(desk.dead)
    found = [(one["custom_id"], one["error"]["code"], one["error"]["line"]) for one in letters]
    assert found == [(None, "invalid", 2), ("a", "invalid", 3), ("b", "invalid", 4)]
    assert "asks for a stream" in letters[2]["error"]["message"]
    before = desk.dead.read_bytes()
    assert desk.run(None, "--skip-invalid") == 1
    assert desk.dead.read_bytes() == before


def test_of_many_complaints_the_first_are_told_and_the_rest_counted() -> None:
    found = checked(io.BytesIO(b"{\n" * 5000), "in.jsonl", batch_format("in.jsonl", OFFER))
    with pytest.raises(Refused) as refused:
        found.refuse()
    assert len(refused.value.complaints) == SHOWN_COMPLAINTS + 1
    assert "5,000 lines in all" in str(refused.value.complaints[-1])


def test_a_line_far_beyond_the_limit_is_refused_and_the_next_one_read() -> None:
    long = b"x" * (OFFER.body_limit_bytes + ENVELOPE_BYTES + 5 * 2**20)
    text = long + b"\n" + json.dumps(GOOD).encode()
    found = checked(io.BytesIO(text), "in.jsonl", batch_format("in.jsonl", OFFER))
    (complaint,) = found.complaints
    assert complaint.path == "line 1"
    assert f"has {len(long) + 1:,} bytes" in complaint.found
    assert list(found.index.pending()) == [(2, len(long) + 1, "a")]


@pytest.mark.parametrize("content", ["", "\n  \n"])
def test_a_file_without_a_line_is_refused(desk: Desk, content: str) -> None:
    (desk.root / "in.jsonl").write_text(content)
    assert desk.run() == 7


def test_what_is_no_file_is_refused(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    assert desk.run() == 7
    os.mkfifo(desk.root / "in.jsonl")
    assert desk.run() == 7
    told = capfd.readouterr().err
    assert "in.jsonl: is not there" in told
    assert "in.jsonl: is no file that can be read twice" in told


@pytest.mark.parametrize("option", ["--output", "--dead-letters"])
def test_the_input_is_never_written_to(desk: Desk, option: str) -> None:
    assert desk.run([chat_line("a")], option, "in.jsonl") == 7
    assert names(desk.root / "in.jsonl") == ["a"]


@pytest.mark.parametrize(
    "words",
    [("--price", "2"), ("--price", "a:b"), ("--concurrency", "0"), ("--tries", "0")],
)
def test_words_that_mean_nothing_are_misuse(desk: Desk, words: tuple[str, str]) -> None:
    assert desk.run([chat_line("a")], *words) == 64
    assert desk.gateway.asked == []


def test_a_folder_that_cannot_be_written_to_is_refused(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    nowhere = Path("nowhere") / "out.jsonl"
    assert desk.run([embedding_line("a")], "--output", str(nowhere)) == 7
    assert "cannot be written: No such file or directory" in capfd.readouterr().err


def test_no_room_for_the_index_is_told(
    desk: Desk, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [chat_line(f"{number:0500}") for number in range(500)]
    write_lines(desk.root / "in.jsonl", lines)
    monkeypatch.setattr(index, "CACHE_KIB", 16)
    with largest_file(4096):
        assert desk.run() == 7
    assert "error: temporary files: " in capfd.readouterr().err
