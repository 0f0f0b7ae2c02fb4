"""What in a store can go: no kept release and no commit needs it."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.catalogue.unused import Unused, needed_words, question, unused
from tests.operations.committed_release import model_copy

OLD, NEW, SHARED = b"old", b"newer", b"shared by both"


def files_of(weights: bytes) -> tuple[ModelFile, ...]:
    """A revision: its own weights, and a tokenizer that all revisions have."""
    own = model_copy(weights, "", "weights.bin").files
    return own + model_copy(SHARED, "", "tokenizer.json").files


def place(host: Path, weights: bytes) -> str:
    """Puts a revision into the store as the kit does; its folder."""
    files, folder = files_of(weights), store_folder(files_of(weights))
    (host / "models/.files").mkdir(parents=True, exist_ok=True)
    (host / "models" / folder).mkdir()
    for file, content in zip(files, (weights, SHARED), strict=True):
        single = host / "models/.files" / file.sha256
        if not single.exists():
            single.write_bytes(content)
        os.link(single, host / "models" / folder / file.name)
    return folder


def keep(host: Path, release: str, weights: bytes) -> None:
    """A kept release that needs a revision."""
    folder = host / "releases" / release
    folder.mkdir(parents=True)
    files = [file.model_dump(mode="json") for file in files_of(weights)]
    text = yaml.safe_dump({"models": [{"name": "m", "files": files}], "unknown": "word"})
    (folder / "release.yaml").write_text(text)


def ask(host: Path, *committed: bytes) -> tuple[Unused, ...]:
    command = ["/bin/sh", "-c", question(str(host))]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return unused(answer.splitlines(), needed_words(files_of(one) for one in committed))


def test_a_revision_that_nothing_needs_frees_its_own_files_alone(tmp_path: Path) -> None:
    old, _ = place(tmp_path, OLD), place(tmp_path, NEW)
    keep(tmp_path, "r1", NEW)
    (found,) = ask(tmp_path)
    single = files_of(OLD)[0].sha256
    assert (found.path, found.freed_bytes) == (old, len(OLD))
    assert found.paths == tuple(sorted((old, f".files/{single}")))
    assert found.names == ("tokenizer.json", "weights.bin")


def test_what_a_kept_release_or_the_commit_needs_stays(tmp_path: Path) -> None:
    place(tmp_path, OLD)
    place(tmp_path, NEW)
    keep(tmp_path, "r1", OLD)
    assert ask(tmp_path, NEW) == ()


def test_two_unused_revisions_free_what_they_share_once(tmp_path: Path) -> None:
    place(tmp_path, OLD)
    place(tmp_path, NEW)
    freed = sum(one.freed_bytes for one in ask(tmp_path))
    assert freed == len(OLD) + len(NEW) + len(SHARED)


def test_what_is_left_on_its_way_can_go_unless_the_commit_needs_it(tmp_path: Path) -> None:
    incoming = tmp_path / "models/.incoming"
    incoming.mkdir(parents=True)
    (incoming / files_of(OLD)[0].sha256).write_bytes(b"half")
    (incoming / files_of(NEW)[0].sha256).write_bytes(b"half")
    (found,) = ask(tmp_path, NEW)
    assert found.paths == (f".incoming/{files_of(OLD)[0].sha256}",)


@pytest.mark.parametrize("text", ["{", "models: [{}]", "models: [{files: [{name: x}]}]", "[]"])
def test_a_kept_manifest_that_cannot_be_read_makes_nothing_unused(
    tmp_path: Path, text: str
) -> None:
    place(tmp_path, OLD)
    keep(tmp_path, "r1", OLD)
    (tmp_path / "releases/r1/release.yaml").write_text(text)
    with pytest.raises(ValueError, match="a kept release's manifest"):
        ask(tmp_path)


def test_a_host_without_a_store_has_nothing_unused(tmp_path: Path) -> None:
    assert ask(tmp_path / "nothing") == ()
