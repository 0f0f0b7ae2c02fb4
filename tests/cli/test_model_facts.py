"""`homeport models` on what a model says of itself: shown, and taken in from everywhere."""

import json
import re
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType

from deploys.catalogue.models_yaml import read_models
from deploys.cli.model_add import add
from deploys.cli.models import list_models, show
from deploys.settings.refusal import Refused
from tests.catalogue.fake_hub import COMMIT, Repository, fake_hub
from tests.catalogue.gguf_files import TOWER, Tensors, Words, sparse_gguf
from tests.catalogue.safetensors_files import model_files
from tests.cli.test_models import entries


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
    assert facts["weights_bytes"] == sum(facts["weights"]["type_bytes"].values())


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


def test_a_projector_in_another_folder_is_refused(repository: Path, weights: Path) -> None:
    with pytest.raises(Refused, match=f"put it into {repository}"):
        add(str(weights), projector="/elsewhere/mmproj.gguf", root=repository)


@pytest.mark.parametrize("source", ["a.gguf", "people/a"])
def test_a_sha256_of_what_is_no_url_is_refused(repository: Path, source: str) -> None:
    with pytest.raises(Refused, match="--sha256: is for URLs"):
        add(source, sha256=["0" * 64], root=repository)
