"""The tiny model: the same everywhere, and what it claims to be."""

from pathlib import Path

from deploys.catalogue import tiny_tokenizer as tokenizer
from deploys.catalogue.digest import sha256_of
from deploys.catalogue.gguf_header import read_header
from deploys.catalogue.models_yaml import read_models
from deploys.catalogue.tiny import write_tiny

CATALOGUE = Path(__file__).resolve().parents[2] / "inventories" / "models.yaml"


def test_the_tiny_model_has_the_bytes_that_the_catalogue_lists(tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "tiny-random.gguf")
    entry = read_models(CATALOGUE)["tiny-random"]
    (file,) = entry.files
    assert (path.name, path.stat().st_size) == (file.name, file.size_bytes)
    assert sha256_of(path) == file.sha256


def test_the_tiny_model_is_what_the_catalogue_says(tmp_path: Path) -> None:
    header = read_header(write_tiny(tmp_path / "tiny-random.gguf"))
    entry = read_models(CATALOGUE)["tiny-random"]
    assert header.architecture == entry.architecture
    assert (header.chat_template, header.licence) == (entry.chat_template, entry.licence)
    assert (header.quantization, header.weights) == (entry.quantization, entry.weights)


def test_the_tiny_model_replaces_an_old_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "tiny-random.gguf"
    path.write_text("an old one")
    write_tiny(path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_size < 1024 * 1024


def test_every_token_is_there_once() -> None:
    tokens = tokenizer.tokens()
    assert len(tokens) == len(set(tokens)) == len(tokenizer.token_types())


def test_the_words_it_says_are_plain_english_letters() -> None:
    assert all(word.isascii() and word.isalpha() and word.islower() for word in tokenizer.WORDS)
    said = [tokenizer.tokens()[token] for token in tokenizer.punctuation()]
    assert said == list(tokenizer.PUNCTUATION)


def test_every_printable_character_and_every_byte_can_be_read() -> None:
    tokens = set(tokenizer.tokens())
    assert {chr(code) for code in range(0x21, 0x7F)} <= tokens
    assert {f"<0x{byte:02X}>" for byte in range(256)} <= tokens
