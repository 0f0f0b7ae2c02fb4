"""The catalogue file: what it refuses, all at once, and how an entry is added."""

import re
from pathlib import Path

import pytest
import yaml

from deploys.catalogue.model import Model
from deploys.catalogue.models_yaml import read_models, with_model
from deploys.settings.refusal import Complaint, Refused
from tests.environments import demo_catalogue

COMMITTED = Path(__file__).resolve().parents[2] / "inventories" / "models.yaml"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "inventories" / "models.yaml"
    path.parent.mkdir()
    path.write_text(demo_catalogue())
    return path


def model(**words: object) -> Model:
    return read_models(COMMITTED)["tiny-random"].model_copy(update=words)


def complaints(path: Path) -> list[Complaint]:
    with pytest.raises(Refused) as refused:
        read_models(path)
    return list(refused.value.complaints)


def swapped(path: Path, *pairs: tuple[str, str]) -> list[Complaint]:
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return complaints(path)


def test_the_committed_catalogue_holds_the_demo_model() -> None:
    assert read_models(COMMITTED)["tiny-random"].source == "generated:tiny"


def test_all_complaints_come_at_once_with_file_and_path(catalogue: Path) -> None:
    found = swapped(
        catalogue,
        ("licence:", "license:"),
        ("size_bytes: 602048", "size_bytes: 0"),
        ("layers: 4", "layers: four"),
        ("format: gguf", "format: gguff"),
    )
    assert [(one.file, one.path) for one in found] == [
        ("inventories/models.yaml", f"models.tiny-random.{path}")
        for path in ("architecture.layers", "files.0.size_bytes", "format", "licence", "license")
    ]


def test_a_misspelt_key_gets_its_near_miss(catalogue: Path) -> None:
    (found,) = swapped(catalogue, ("kv_heads: 1", "kv_heads: 1\n      kv_headz: 1"))
    assert found.hint == "did you mean `kv_heads`?"


@pytest.mark.parametrize(
    "source",
    [
        "tiny",
        "generated:huge",
        "file:relative.gguf",
        "ftp://host/a.gguf",
        "'https://host/a b'",
        "''",
    ],
)
def test_a_source_of_no_known_kind_is_refused(catalogue: Path, source: str) -> None:
    (found,) = swapped(catalogue, ("generated:tiny\n", f"{source}\n"))
    assert found.path == "models.tiny-random.source"


@pytest.mark.parametrize(
    "name", ["Tiny", "tiny random", "-tiny", "t;iny", "'t{iny'", "'t$iny'", "'\"'"]
)
def test_a_name_that_nginx_or_compose_could_misread_is_refused(catalogue: Path, name: str) -> None:
    (found,) = swapped(catalogue, ("  tiny-random:\n", f"  {name}:\n"))
    assert found.found == "is no name for a model"


def test_a_file_name_that_leaves_its_folder_is_refused(catalogue: Path) -> None:
    (found,) = swapped(catalogue, ("name: tiny-random.gguf", "name: ../tiny-random.gguf"))
    assert found.path == "models.tiny-random.files.0.name"


def test_two_files_of_one_name_are_refused(catalogue: Path) -> None:
    second = (
        f"name: tiny-random.gguf\n      size_bytes: 1\n      sha256: {'a' * 64}\n    - name: tiny"
    )
    (found,) = swapped(catalogue, ("name: tiny", second))
    assert found.found == "tiny-random.gguf stands twice"


def test_a_model_without_files_is_refused(catalogue: Path) -> None:
    text = catalogue.read_text()
    start, end = text.index("    files:"), text.index("    architecture:")
    catalogue.write_text(f"{text[:start]}    files: []\n{text[end:]}")
    (found,) = complaints(catalogue)
    assert found.found == "is empty"


def test_a_hub_source_without_its_commit_is_refused(catalogue: Path) -> None:
    (found,) = swapped(catalogue, ("generated:tiny\n", "hub:owner/name@main\n"))
    assert found.path == "models.tiny-random.source"


def test_a_revision_that_is_not_the_sources_is_refused(catalogue: Path) -> None:
    (found,) = swapped(catalogue, ("generated:tiny\n", f"hub:owner/name@{'a' * 40}\n"))
    assert found.path == "models.tiny-random.revision"


@pytest.mark.parametrize(
    ("source", "place"),
    [("hub:owner/name@main", "source"), (f"hub:owner/name@{'a' * 40}", "revision")],
)
def test_an_adapter_comes_from_a_place_of_its_own_at_its_commit(
    catalogue: Path, source: str, place: str
) -> None:
    """As the model does."""
    file = f"{{name: adapter_model.safetensors, size_bytes: 1, sha256: {'a' * 64}}}"
    words = f"{{source: '{source}', licence: x, rank: 8, files: [{file}]}}"
    (found,) = swapped(
        catalogue,
        ("    licence: CC0-1.0\n", f"    licence: CC0-1.0\n    adapters: {{support: {words}}}\n"),
    )
    assert found.path == f"models.tiny-random.adapters.support.{place}"


def test_an_unknown_architecture_needs_its_word(catalogue: Path) -> None:
    text = catalogue.read_text()
    start, end = text.index("    architecture:"), text.index("    chat_template:")
    catalogue.write_text(f"{text[:start]}    architecture: null\n{text[end:]}")
    (found,) = complaints(catalogue)
    assert found.path == "models.tiny-random.architecture_name"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "must hold the one key `models`"),
        ("- models\n", "must hold the one key `models`"),
        ("models: {}\nother: 1\n", "must hold the one key `models`"),
        ("models:\n", "holds no entry"),
        ("models: [a]\n", "holds no entry"),
        ("models: {a: 1}\n", "found 1"),
        ("models: {a: null}\n", "found None"),
        ("models: {\n", "is not YAML"),
        ("models: {a: {}, a: {}}\n", "'a' stands there twice"),
        ("models: {7: {}}\n", "the key 7 is not text: quote it"),
        ("models: !!python/object/apply:os.system [ls]\n", "is not YAML"),
        ("models: {a: \x00}\n", "is not YAML"),
    ],
)
def test_what_is_no_catalogue_is_refused(catalogue: Path, text: str, found: str) -> None:
    catalogue.write_text(text)
    assert found in complaints(catalogue)[0].found


def test_a_missing_or_binary_catalogue_is_refused(catalogue: Path) -> None:
    catalogue.write_bytes(b"\xff\xfe\x00models")
    assert "is not YAML" in complaints(catalogue)[0].found
    catalogue.unlink()
    assert "No such file" in complaints(catalogue)[0].found


def test_an_added_entry_leaves_everything_else_as_it_was(catalogue: Path) -> None:
    text = catalogue.read_text()
    added = model(source="https://host/a.gguf")
    longer = with_model(text, "other", added)
    assert longer.startswith(text.rstrip() + "\n\n  other:\n")
    catalogue.write_text(longer)
    assert read_models(catalogue) == {"tiny-random": model(), "other": added}


@pytest.mark.parametrize(
    "licence", ['it\'s "mine"', "a: b # c", "$HOME {x}; y", "line\nbreak", "on", "7"]
)
def test_a_licence_of_any_text_survives(catalogue: Path, licence: str) -> None:
    catalogue.write_text(with_model(catalogue.read_text(), "1.5", model(licence=licence)))
    assert read_models(catalogue)["1.5"].licence == licence


def test_an_entry_takes_the_indentation_that_is_there() -> None:
    entry = yaml.safe_dump({"tiny": model().model_dump(mode="json")}, sort_keys=False)
    text = "models:\n  # a comment\n\n" + "".join(f"    {line}\n" for line in entry.splitlines())
    assert set(yaml.safe_load(with_model(text, "other", model()))["models"]) == {"tiny", "other"}


def test_a_catalogue_that_cannot_be_continued_is_refused_with_the_entry() -> None:
    with pytest.raises(Refused, match="add it by hand"):
        with_model("models: {a: {}}\n", "other", model())


def test_an_entry_from_before_the_largest_of_each_block_was_kept_is_read(catalogue: Path) -> None:
    text = catalogue.read_text()
    catalogue.write_text(re.sub(r" +(layer|expert)_largest_bytes: .*\n", "", text))
    weights = read_models(catalogue)["tiny-random"].weights
    assert weights is not None
    assert (weights.layer_largest_bytes, weights.expert_largest_bytes) == ((), ())


def test_a_largest_tensor_for_another_number_of_blocks_is_refused(catalogue: Path) -> None:
    (found,) = swapped(catalogue, ("largest_bytes: [16384, 16384, ", "largest_bytes: [16384, "))
    assert found.path == "models.tiny-random.weights"
    assert found.hint == "what fits: 4 numbers in layer_largest_bytes, as in layer_bytes"
