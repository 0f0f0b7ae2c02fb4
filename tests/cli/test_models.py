"""`homeport models`: taking a model in, and what it says about it."""

from pathlib import Path

import pytest

from deploys.catalogue.models_yaml import read_models
from deploys.cli.model_add import add
from deploys.cli.model_words import entry_name, source_word
from deploys.cli.models import app, list_models
from deploys.settings.refusal import Refused
from tests.catalogue.file_server import serving


def entries(repository: Path) -> set[str]:
    return set(read_models(repository / "inventories" / "models.yaml"))


def test_a_path_becomes_an_entry_and_the_next_step_is_named(
    repository: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(str(weights), root=repository) == 0
    model = read_models(repository / "inventories" / "models.yaml")["my-model-7b.q4-k-m"]
    assert model.source == f"file:{weights}"
    said = capsys.readouterr().out
    assert '"model": "my-model-7b.q4-k-m"' in said
    assert "homeport render ENV" in said
    assert "licence: CC0-1.0" in said


def test_a_url_is_downloaded_and_kept_as_the_source(repository: Path, weights: Path) -> None:
    with serving(weights.read_bytes(), cut_after_bytes=100_000, cuts_left=1) as server:
        assert add(server.url, name="from-afar", root=repository) == 0
    model = read_models(repository / "inventories" / "models.yaml")["from-afar"]
    assert model.source == server.url
    assert (repository / ".homeport/models/model.gguf").read_bytes() == weights.read_bytes()


def test_adding_the_same_file_twice_changes_nothing(
    repository: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(str(weights), root=repository)
    before = (repository / "inventories" / "models.yaml").read_bytes()
    assert add(str(weights), root=repository) == 0
    assert (repository / "inventories" / "models.yaml").read_bytes() == before
    assert "nothing to do" in capsys.readouterr().out


def test_a_name_that_is_taken_is_refused_before_anything_is_downloaded(repository: Path) -> None:
    with serving(b"unasked") as server, pytest.raises(Refused, match="--name OTHER"):
        add(server.url, name="tiny-random", root=repository)
    assert server.asked == []


def test_a_file_that_changed_under_its_name_is_refused(repository: Path, weights: Path) -> None:
    add(str(weights), name="mine", root=repository)
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(Refused, match="is another file"):
        add(str(weights), name="mine", root=repository)


@pytest.mark.parametrize("name", ["My Model", "a;b", "x" * 64, "$(id)"])
def test_a_name_that_does_not_fit_is_refused_and_nothing_is_written(
    repository: Path, weights: Path, name: str
) -> None:
    with pytest.raises(Refused, match="is no name for a model"):
        add(str(weights), name=name, root=repository)
    assert entries(repository) == {"tiny-random"}
    assert [path.name for path in (repository / "inventories").iterdir()] == ["models.yaml"]


def test_a_file_that_is_not_gguf_is_refused_and_nothing_is_written(repository: Path) -> None:
    file = repository / "notes.gguf"
    file.write_text("not a model")
    with pytest.raises(Refused, match="is not GGUF"):
        add(str(file), root=repository)
    assert entries(repository) == {"tiny-random"}


@pytest.mark.parametrize(
    "source", ["ftp://host/a.gguf", "hf://a/b", "https://me:secret@host/a.gguf", "hub:alone"]
)
def test_a_source_that_cannot_be_committed_is_refused_without_repeating_a_password(
    source: str,
) -> None:
    with pytest.raises(Refused) as refused:
        source_word(source)
    assert "secret" not in str(refused.value)


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_word("a.gguf") == f"file:{tmp_path}/a.gguf"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Qwen3_0.6B-Q8.gguf", "qwen3-0.6b-q8"),
        ("--.gguf", "model"),
        ("A" * 200 + ".gguf", "a" * 63),
        ("tiny.GGUF", "tiny"),
        ("Qwen3-235B-Q4_K_M-00001-of-00003.gguf", "qwen3-235b-q4-k-m"),
    ],
)
def test_a_name_is_made_from_the_file(file: str, name: str) -> None:
    assert entry_name(file) == name


def test_the_list_shows_every_model(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list_models(root=repository) == 0
    assert "tiny-random" in capsys.readouterr().out


def test_the_verbs_give_their_exit_code_to_the_command(repository: Path) -> None:
    assert app(["list", "--root", str(repository)], standalone_mode=False) == 0
