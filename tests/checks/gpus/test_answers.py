"""Answers of hosts that make no sense cost that host its checks, and say so."""

from pathlib import Path

import pytest

from checks.probes.host import Unreachable
from tests.checks.gpus.asking import ask

WHOLE = "@@homeport@@ system\n{}\n@@homeport@@ log\n{}\n@@homeport@@ gpus\n%s\n@@homeport@@ end"


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("@@homeport@@ system\n{'on_the_", "cut off"),
        (WHOLE % "{'gpus': [{'ind", "makes no sense"),
        (WHOLE % "[1]", "makes no sense"),
        (WHOLE % "{'gpus': [{}]}", "makes no sense"),
        ("Last login: today", "cut off"),
    ],
)
def test_half_an_answer_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, words: str
) -> None:
    _python(tmp_path, monkeypatch, f"cat <<'END'\n{printed}\nEND")
    with pytest.raises(Unreachable, match=words):
        ask()


def test_a_program_that_fails_there_is_told_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _python(tmp_path, monkeypatch, "echo 'MemoryError' >&2; exit 1")
    with pytest.raises(Unreachable, match="asked for its GPUs: MemoryError"):
        ask()


def _python(folder: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\n{lines}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
