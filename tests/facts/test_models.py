"""Which model files a host says it has."""

import subprocess
from pathlib import Path

from deploys.facts.models import StoredSizes


def test_only_files_that_are_there_have_a_size(tmp_path: Path) -> None:
    there = tmp_path / "it's $HOME; a file"
    there.write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    paths = (str(there), str(tmp_path / "none"), str(tmp_path / "folder"))
    command = StoredSizes().command(paths=paths)
    answer = subprocess.run(
        ["/bin/sh", "-c", command.get_raw_value()], capture_output=True, text=True, check=True
    )
    assert StoredSizes().process(answer.stdout.splitlines()) == {str(there): 5}


def test_an_answer_that_is_none_counts_as_nothing_there() -> None:
    assert StoredSizes().process([]) == {}
    assert StoredSizes().process(["sh: not found"]) == {}
