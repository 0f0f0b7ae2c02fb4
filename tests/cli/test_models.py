"""`homeport models`: taking a model in, and what it says about it."""

import json
import re
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType

from deploys.catalogue.models_yaml import read_models
from deploys.catalogue.tiny import write_tiny
from deploys.cli.model_add import add
from deploys.cli.model_words import entry_name, source_word
from deploys.cli.models import app, list_models, show
from deploys.settings.refusal import Refused
from tests.catalogue.fake_hub import COMMIT, Repository, fake_hub
from tests.catalogue.file_server import serving
from tests.catalogue.gguf_files import Tensors, Words, sparse_gguf
from tests.catalogue.safetensors_files import model_files
from tests.catalogue.test_gguf_weights import TOWER

COMMITTED = Path(__file__).resolve().parents[2] / "inventories" / "models.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "inventories").mkdir()
    (tmp_path / "deploys").mkdir()
    (tmp_path / "inventories" / "models.yaml").write_text(COMMITTED.read_text())
    return tmp_path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "My_Model-7B.Q4_K_M.gguf")


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


def shown(repository: Path, name: str, capsys: pytest.CaptureFixture[str], **words: bool) -> str:
    capsys.readouterr()
    assert show(name, root=repository, **words) == 0
    return capsys.readouterr().out


def test_what_people_want_to_know_of_a_model_is_shown(
    repository: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(str(weights), name="mine", root=repository)
    said = shown(repository, "mine", capsys)
    # By hand: 4 layers x 1 kv head x 64 x 2 (keys and values) x 2 bytes.
    for words in ("1,024 bytes per token", "gguf F16", "4: 4 see everything", "CC0-1.0"):
        assert words in said
    assert "2, of which 1 for keys and values" in said


def test_the_same_is_there_for_a_program(
    repository: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(str(weights), name="mine", root=repository)
    facts = json.loads(shown(repository, "mine", capsys, json=True))
    assert facts["kv_bytes_per_token"] == 1024
    assert facts["files_bytes"] == weights.stat().st_size
    assert facts["weights_bytes"] == sum(facts["tensor_mib"]["type_bytes"].values())


def test_a_model_that_is_not_there_gets_its_near_miss(repository: Path) -> None:
    with pytest.raises(Refused, match="did you mean `tiny-random`"):
        show("tiny-randon", root=repository)


def mystery(folder: Path) -> Path:
    words: Words = {"general.architecture": "mystery", "mystery.block_count": 1}
    tensors: Tensors = {"token_embd.weight": ((32, 8), GGMLQuantizationType.F16)}
    return sparse_gguf(folder / "mystery.gguf", words, tensors)


def test_an_unknown_architecture_is_taken_in_with_a_warning(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert add(str(mystery(repository)), root=repository) == 0
    said, warned = capsys.readouterr()
    assert "to serve it" not in said
    assert "has the unknown architecture 'mystery': its weights are known" in warned
    assert "states no licence" in warned
    assert "unknown; weights known, cache unknown" in shown(repository, "mystery", capsys)
    assert json.loads(shown(repository, "mystery", capsys, json=True))["architecture"] is None
    assert list_models(root=repository) == 0
    assert "mystery (unknown)" in capsys.readouterr().out


def test_a_hubs_model_is_named_after_its_file_and_nothing_else_changes(
    repository: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (repository / "inventories" / "models.yaml").read_text()
    files = {"Model-Q4_K_M.gguf": weights.read_bytes(), "Model-Q8_0.gguf": b"not read"}
    with fake_hub({"people/Model-GGUF": Repository(files)}) as hub:
        source = "people/Model-GGUF:Q4_K_M"
        assert add(source, endpoint=hub.url, root=repository) == 0
        assert add(source, endpoint=hub.url, root=repository) == 0
        assert "nothing to do" in capsys.readouterr().out
        hub.repositories["people/Model-GGUF"].commit = "f" * 40
        with pytest.raises(Refused, match="comes from another place"):
            add(source, endpoint=hub.url, root=repository)
    after = (repository / "inventories" / "models.yaml").read_text()
    assert after.startswith(before.rstrip())
    model = read_models(repository / "inventories" / "models.yaml")["model-q4-k-m"]
    assert model.source == f"hub:people/Model-GGUF@{COMMIT}"


def test_a_hubs_safetensors_are_named_after_the_repository(repository: Path) -> None:
    with fake_hub({"people/Model_1B": Repository(model_files())}) as hub:
        assert add("hub:people/Model_1B", endpoint=hub.url, root=repository) == 0
    assert "model-1b" in entries(repository)


def test_a_token_is_read_from_where_it_is_and_stands_in_no_file_and_no_word(
    repository: Path,
    weights: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_TOKEN", "hf_secret")
    closed = Repository({"a.gguf": weights.read_bytes()}, token="hf_secret")
    with fake_hub({"people/a": closed}) as hub:
        with pytest.raises(Refused, match="--token env:HF_TOKEN"):
            add("people/a", endpoint=hub.url, root=repository)
        assert add("people/a", endpoint=hub.url, token="env:MY_TOKEN", root=repository) == 0
    told = capsys.readouterr()
    assert "hf_secret" not in told.out + told.err
    for path in repository.rglob("*"):
        assert not path.is_file() or b"hf_secret" not in path.read_bytes()


def test_a_token_that_is_none_is_refused_before_the_hub_is_asked(repository: Path) -> None:
    with fake_hub({}) as hub, pytest.raises(Refused, match="is no reference to a secret"):
        add("people/a", endpoint=hub.url, token="hf_secret", root=repository)
    assert hub.asked == []


def test_a_folder_of_safetensors_becomes_an_entry(repository: Path) -> None:
    folder = repository / "My-Model"
    folder.mkdir()
    for name, content in model_files().items():
        (folder / name).write_bytes(content)
    assert add(str(folder), root=repository) == 0
    assert add(str(folder), root=repository) == 0
    model = read_models(repository / "inventories" / "models.yaml")["my-model"]
    assert (model.source, model.format) == (f"file:{folder}/", "safetensors")


def test_a_projector_beside_the_model_is_kept_with_it(repository: Path, weights: Path) -> None:
    tower = sparse_gguf(
        repository.parent / repository.name / "mmproj.gguf",
        TOWER,
        {"v.x": ((32,), GGMLQuantizationType.F16)},
    )
    assert add(str(weights), name="sees", projector=str(tower), root=repository) == 0
    model = read_models(repository / "inventories" / "models.yaml")["sees"]
    assert model.projector is not None
    assert model.projector.name == "mmproj.gguf"
    assert model.source == f"file:{repository}/"


def test_numbers_per_layer_stand_on_one_line(repository: Path, weights: Path) -> None:
    add(str(weights), name="mine", root=repository)
    text = (repository / "inventories" / "models.yaml").read_text()
    assert re.search(r"layer_bytes: \[\d+, \d+, \d+, \d+\]\n", text)
