"""GGUF files behind a URL: their headers alone where the sha256 is stated, else the whole file."""

import hashlib
from pathlib import Path

import pytest

from deploys.catalogue.byte_sources import remote_source
from deploys.catalogue.model import Model
from deploys.catalogue.taking_in import Wish, from_url
from deploys.settings.refusal import Refused
from tests.catalogue.file_server import FileServer, serving
from tests.catalogue.gguf_files import header_bytes
from tests.catalogue.test_gguf_weights import MIXED, TENSORS

CONTENT = header_bytes(MIXED, TENSORS) + bytes(3 * 2**20)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def silent(here: int, total: int | None) -> None:
    """No progress shown."""


def taken(server: FileServer, store: Path, *sha256: str, url: str = "") -> Model:
    return from_url(url or server.url, Wish(sha256=sha256), store, silent)


def refusal(server: FileServer, store: Path, *sha256: str, url: str = "") -> str:
    with pytest.raises(Refused) as refused:
        taken(server, store, *sha256, url=url)
    return str(refused.value)


def test_a_file_with_a_stated_sha256_is_not_downloaded(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        model = taken(server, tmp_path, DIGEST)
    assert server.asked == ["bytes=0-63", f"bytes=0-{2**20 - 1}"]
    assert list(tmp_path.iterdir()) == []
    (file,) = model.files
    assert (file.size_bytes, file.sha256, model.source) == (len(CONTENT), DIGEST, server.url)


def test_a_file_without_one_is_downloaded_and_proved(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        model = taken(server, tmp_path)
    assert model.files[0].sha256 == DIGEST
    assert (tmp_path / "model.gguf").stat().st_size == len(CONTENT)


def test_both_ways_give_the_same_entry(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        assert taken(server, tmp_path, DIGEST) == taken(server, tmp_path)


@pytest.mark.parametrize(
    ("digests", "found"),
    [(("abc",), "are 1 words for 1 files"), ((DIGEST, DIGEST), "are 2 words for 1 files")],
)
def test_a_sha256_that_is_none_is_refused(
    tmp_path: Path, digests: tuple[str, ...], found: str
) -> None:
    with serving(CONTENT) as server:
        assert found in refusal(server, tmp_path, *digests)
    assert server.asked == []


def test_a_server_without_ranges_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with serving(CONTENT, ranges=False) as server:
        said = refusal(server, tmp_path, DIGEST)
    assert "no range requests" in said
    assert "leave --sha256 out" in said


@pytest.mark.parametrize(("status", "hint"), [(403, "wants a login"), (404, "check the address")])
def test_a_refusing_server_is_named(tmp_path: Path, status: int, hint: str) -> None:
    with serving(CONTENT, status=status) as server:
        said = refusal(server, tmp_path, DIGEST)
    assert f"the server says {status}" in said
    assert hint in said


def test_a_server_that_sends_less_than_it_says_is_not_asked_for_ever(tmp_path: Path) -> None:
    with serving(CONTENT, cut_after_bytes=100, cuts_left=99) as server:
        said = refusal(server, tmp_path, DIGEST)
    assert len(server.asked) == 2
    assert "cannot be read" in said


def test_a_split_file_whose_address_is_a_question_is_refused(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        url = server.url.replace("model.gguf", "m-00001-of-00002.gguf?download=true")
        said = refusal(server, tmp_path, DIGEST, DIGEST, url=url)
    assert "is an address of one file, and the model has several" in said


def test_the_parts_of_a_split_file_are_looked_for_beside_it(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        url = server.url.replace("model.gguf", "m-00001-of-00002.gguf")
        said = refusal(server, tmp_path, DIGEST, DIGEST, url=url)
    assert "is part None of None, not 0 of 2" in said


def test_a_longer_head_is_asked_for_once() -> None:
    with serving(CONTENT) as server:
        source = remote_source(server.url)
        for length in (8, 100, 50):
            with source.head(length) as data:
                assert data[:4] == b"GGUF"
    assert server.asked == ["bytes=0-63", "bytes=0-99"]
