"""Where a model's files lie in a store, and where each of them comes from."""

import pytest

from deploys.catalogue.store import file_source, file_url, store_folder
from tests.operations.committed_release import model_copy

ONE = model_copy(b"one", "", "one.bin").files
TWO = model_copy(b"two", "", "parts/two.bin").files


def test_one_file_lies_in_a_folder_of_its_own_digest() -> None:
    assert store_folder(ONE) == ONE[0].sha256


def test_several_files_lie_in_a_folder_of_their_names_and_contents() -> None:
    renamed = (TWO[0].model_copy(update={"name": "two.bin"}),)
    changed = model_copy(b"three", "", "parts/two.bin").files
    folders = {store_folder(ONE + other) for other in (TWO, renamed, changed)}
    assert len(folders) == 3
    assert store_folder(ONE + TWO) == store_folder(TWO + ONE)


def test_a_single_file_in_a_folder_does_not_lie_where_the_plain_one_would() -> None:
    plain = (TWO[0].model_copy(update={"name": "two.bin"}),)
    assert store_folder(TWO) != store_folder(plain)


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("hub:site/model@abc", "https://mirror.example/hf/site/model/resolve/abc/a/b.bin"),
        ("https://files.example/x.gguf?download=1", "https://files.example/x.gguf?download=1"),
        ("https://files.example/folder/", "https://files.example/folder/a/b.bin"),
        ("generated:tiny", ""),
        ("file:/models/x.gguf", ""),
        ("committed:compose/small/gpu1/gpu_hosts/localai/chat-1/", ""),
    ],
)
def test_each_source_has_its_address(source: str, url: str) -> None:
    assert file_url(source, "a/b.bin", "https://mirror.example/hf/") == url


def test_the_hub_is_hugging_face_unless_the_settings_say_otherwise() -> None:
    assert file_url("hub:o/n@r", "f").startswith("https://huggingface.co/o/n/resolve/r/f")


def test_a_folder_of_the_controller_has_each_file_below_it() -> None:
    assert file_source("file:/models/", "a/b.bin") == "file:/models/a/b.bin"
    assert file_source("file:/models/x.gguf", "x.gguf") == "file:/models/x.gguf"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("file:/models/", "file:/models/b.yaml"),
        ("committed:compose/small/", "committed:compose/small/b.yaml"),
        ("file:/models/x.gguf", "file:/models/x.gguf"),
        ("generated:tiny", "generated:tiny"),
    ],
)
def test_a_folder_of_the_controller_gives_each_file_its_own_source(
    source: str, expected: str
) -> None:
    assert file_source(source, "b.yaml") == expected
