"""A folder becomes lines: each file in passages, and what is no text is left out or refused."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploys.indexing.folder import passages, write_lines
from deploys.settings.refusal import Refused


def _lines(folder: Path, longest: int = 100) -> tuple[list[dict[str, Any]], int]:
    target = io.BytesIO()
    left_out = write_lines(folder, target, longest)
    return [json.loads(line) for line in target.getvalue().splitlines()], left_out


def test_each_passage_of_each_file_is_a_line_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.md").write_text("short")
    (tmp_path / "a.txt").write_text("first part\n\n" + "x" * 95)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD.txt").write_text("ref")
    lines, left_out = _lines(tmp_path)
    assert [line["id"] for line in lines] == ["a.txt#1", "a.txt#2", "b/two.md#1"]
    assert lines[1]["metadata"] == {"file": "a.txt", "passage": 2}
    assert left_out == 2


def test_files_that_are_no_text_are_refused_all_at_once(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(b"\xff\xfe")
    with pytest.raises(Refused) as refused:
        _lines(tmp_path)
    assert [one.found for one in refused.value.complaints] == ["is not UTF-8"] * 2


def test_a_folder_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="holds no text"):
        _lines(tmp_path)


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    text = "One sentence is here. Another one is there. And a third."
    assert list(passages(text, 45)) == [
        "One sentence is here. Another one is there.",
        "And a third.",
    ]


def test_paragraphs_that_fit_together_stay_together() -> None:
    assert list(passages("a\n\nb\n \nc", 4)) == ["a\n\nb", "c"]


@given(st.text(alphabet="ab .\n", max_size=300), st.integers(5, 50))
def test_no_passage_is_too_long_and_no_letter_is_lost(text: str, longest: int) -> None:
    found = list(passages(text, longest))
    assert all(0 < len(one) <= longest for one in found)
    assert "".join("".join(found).split()) == "".join(text.split())
