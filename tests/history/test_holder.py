"""Who holds a lock, in words and in the lock file."""

import os
import subprocess
from pathlib import Path

import pytest

from deploys.history.holder import (
    LONGEST_REASON,
    Holder,
    age,
    lock_text,
    one_line,
    question,
    read_lock,
    who,
)
from deploys.history.process import Process

HOLDER = Holder("0a1b", "ana@ws1", "apply", "abc", "old", "a \"try\": 'x'", Process("m", 1, 2, "3"))


def _ask(folder: Path) -> Holder | None:
    shell = ["sh", "-c", question(str(folder))]
    answer = subprocess.run(shell, capture_output=True, text=True, check=True)
    return read_lock(answer.stdout.splitlines())


def test_a_lock_says_who_holds_it_since_when_and_why(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(lock_text(HOLDER))
    os.utime(tmp_path / "lock", (1, 1))
    found = _ask(tmp_path)
    assert found is not None
    assert Holder(**{**vars(found), "since": 0, "age_seconds": 0}) == HOLDER
    assert found.since == 1
    assert found.age_seconds > 50 * 365 * 86400
    assert str(found) == "ana@ws1 for the apply of release abc (a \"try\": 'x')"


def test_a_free_host_has_no_holder(tmp_path: Path) -> None:
    assert _ask(tmp_path) is None
    assert _ask(tmp_path / "missing") is None


@pytest.mark.parametrize(
    "text", ["", "\n", "half", 'a\n{"run": "x"}\n', "a\n[]\n", 'a\n{"process": 1}\n']
)
def test_a_lock_that_cannot_be_read_is_held_by_somebody(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    found = _ask(tmp_path)
    assert found is not None
    assert (found.run, found.who) == ("", "somebody")
    assert found.since > 0


def test_a_reason_stays_on_one_line_and_is_not_endless() -> None:
    assert one_line(" two\nlines\t\x1b[31m ") == "two lines [31m"
    assert len(one_line("x" * 999)) == LONGEST_REASON


def test_behind_sudo_the_person_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ana")
    assert who().startswith("ana@")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 seconds"), (119, "119 seconds"), (125, "2 minutes"), (7300, "2 hours"),
     (400_000, "4 days")],
)  # fmt: skip
def test_an_age_has_the_unit_that_fits(seconds: float, words: str) -> None:
    assert age(seconds) == words
