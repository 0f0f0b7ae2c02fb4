"""What cannot be read of a committed YAML file is told, whoever reads it."""

from pathlib import Path

import pytest
import yaml

from deploys.settings.refusal import Refused
from deploys.settings.yaml_text import loaded, read_yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"a: [", "is not YAML: while parsing"),
        (b"a: 2026-02-30", "is not YAML: day is out of range"),
        (b"a: \xff", "is not YAML: unacceptable character"),
        (b"[" * 2_000, "is not YAML: maximum recursion depth"),
        # libyaml ends the whole process at these.
        (b"[" * 200_000, "is not YAML: maximum recursion depth"),
        (b"- " * 200_000, "is not YAML: maximum recursion depth"),
        (b"a: !!python/object/apply:os.system [ls]", "is not YAML: could not determine"),
    ],
)
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: bytes, found: str) -> None:
    (tmp_path / "one.yaml").write_bytes(text)
    with pytest.raises(Refused) as refused:
        read_yaml(tmp_path, "one.yaml", "what fits")
    (complaint,) = refused.value.complaints
    assert (complaint.file, complaint.hint) == ("one.yaml", "what fits")
    assert complaint.found.startswith(found)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"one\.yaml: cannot be read: No such file"):
        read_yaml(tmp_path, "one.yaml", "what fits")


def test_libyaml_reads_what_is_committed_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [*ROOT.glob("inventories/**/*.yaml"), *ROOT.glob("compose/**/*.yaml")]
    texts = [file.read_text() for file in files]
    by_python = [yaml.safe_load(text) for text in texts]
    monkeypatch.delattr(yaml, "SafeLoader")
    assert len(texts) > 20
    assert [loaded(text) for text in texts] == by_python
