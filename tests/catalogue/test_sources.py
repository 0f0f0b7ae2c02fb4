"""Where models come from: each way to get a file, and each way to fail at it."""

import errno
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from deploys.catalogue import sources
from deploys.catalogue.sources import file_name, obtain
from deploys.settings.refusal import Complaint, Refused
from tests.catalogue.file_server import serving

CONTENT = bytes(range(256)) * 4096


class Usage(NamedTuple):
    free: int


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAUSE_SECONDS", 0.0)


def silent(here: int, total: int | None) -> None:
    """No progress shown."""


def complaint(source: str, into: Path) -> Complaint:
    with pytest.raises(Refused) as refused:
        obtain(source, into, silent)
    (found,) = refused.value.complaints
    return found


def test_the_tiny_model_is_generated_into_the_folder(tmp_path: Path) -> None:
    path = obtain("generated:tiny", tmp_path / "models", silent)
    assert path == tmp_path / "models" / "tiny-random.gguf"
    assert path.read_bytes().startswith(b"GGUF")


def test_a_local_file_stays_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(CONTENT)
    assert obtain(f"file:{file}", tmp_path / "models", silent) == file


def test_a_local_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "is no file" in complaint(f"file:{tmp_path}/none.gguf", tmp_path).found


@pytest.mark.parametrize("source", ["ftp://host/a.gguf", "generated:huge", "s3://bucket/a.gguf"])
def test_an_unknown_kind_of_source_is_refused(tmp_path: Path, source: str) -> None:
    assert "generated:tiny, a path" in complaint(source, tmp_path).hint


def test_a_download_is_whole_and_tells_its_progress(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with serving(CONTENT) as server:
        path = obtain(server.url, tmp_path, lambda here, total: seen.append((here, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [file.name for file in tmp_path.iterdir()] == ["model.gguf"]


def test_a_cut_connection_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(CONTENT, cut_after_bytes=300_000, cuts_left=2) as server:
        path = obtain(server.url, tmp_path, silent)
    assert path.read_bytes() == CONTENT
    assert server.asked == ["", "bytes=300000-", "bytes=600000-"]


def test_a_file_that_changed_between_attempts_starts_over(tmp_path: Path) -> None:
    with serving(b"old" * 1000, cut_after_bytes=100, cuts_left=sources.ATTEMPTS) as server:
        complaint(server.url, tmp_path)
        server.content, server.etag = CONTENT, '"two"'
        path = obtain(server.url, tmp_path, silent)
    assert path.read_bytes() == CONTENT


def test_without_a_promise_of_the_same_file_nothing_is_resumed(tmp_path: Path) -> None:
    with serving(CONTENT, etag="", cut_after_bytes=10, cuts_left=1) as server:
        path = obtain(server.url, tmp_path, silent)
    assert path.read_bytes() == CONTENT
    assert server.asked == ["", ""]


def test_attempts_are_bounded_and_what_arrived_is_kept(tmp_path: Path) -> None:
    with serving(CONTENT, cut_after_bytes=10, cuts_left=99) as server:
        found = complaint(server.url, tmp_path)
    assert len(server.asked) == sources.ATTEMPTS
    assert found.hint == "the same command goes on where it stopped"
    assert (tmp_path / "model.gguf.part").stat().st_size == 10 * sources.ATTEMPTS
    assert not (tmp_path / "model.gguf").exists()


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "logged in"), (403, "logged in"), (404, "address")]
)
def test_a_refusing_server_is_asked_once(tmp_path: Path, status: int, hint: str) -> None:
    with serving(CONTENT, status=status) as server:
        found = complaint(server.url, tmp_path)
    assert len(server.asked) == 1
    assert str(status) in found.found
    assert hint in found.hint


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(CONTENT) as server:
        pass
    assert complaint(server.url, tmp_path).file == server.url


def test_a_url_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "is no URL" in complaint("http://[broken/model.gguf", tmp_path).found


def test_a_download_that_does_not_fit_is_refused_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free=500_000))
    with serving(CONTENT) as server:
        found = complaint(server.url, tmp_path)
    assert found.found == f"needs 1 MiB below {tmp_path}, and 0 MiB are free"
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_while_it_is_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources, "_go_on", full)
    assert "No space left on device" in complaint("http://127.0.0.1/model.gguf", tmp_path).found


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("generated:tiny", "tiny-random.gguf"),
        ("file:/models/Qwen3-0.6B.gguf", "Qwen3-0.6B.gguf"),
        ("https://hub.example/a/b/Q4_K_M.gguf?download=true", "Q4_K_M.gguf"),
    ],
)
def test_a_file_keeps_its_own_name(source: str, name: str) -> None:
    assert file_name(source) == name


@pytest.mark.parametrize(
    "source",
    ["https://host/", "https://host/a%20b.gguf", "file:/x/$(reboot).gguf", "file:/x/.hidden",
     "https://host/..", "file:/x/a;b{c}\n.gguf"],
)  # fmt: skip
def test_a_name_that_could_do_harm_is_refused(source: str) -> None:
    with pytest.raises(Refused, match="rename the file"):
        file_name(source)


def test_of_an_encoded_path_only_its_last_part_is_the_name() -> None:
    assert file_name("https://host/a%2F..%2F..%2Fb.gguf") == "b.gguf"
