"""What a vector store holds outlasts kills, stops, backups and other models."""

import re
import signal
from pathlib import Path

import pytest

from tests.catalogue.tiny_encoder import write_tiny_encoder
from tests.e2e.checkout import docker
from tests.e2e.vector_store import CONTAINER, GROUP_DATA, Stored, until

pytestmark = [pytest.mark.docker, pytest.mark.root]

MANY = 1500


def test_a_run_that_was_killed_goes_on_without_repeating(stored: Stored) -> None:
    file = stored.texts("killed", MANY)
    with stored.indexing(file) as process:
        until(lambda: stored.rows("killed") > 50, "some rows")
        process.send_signal(signal.SIGKILL)
    done = stored.index(file)
    assert 50 < done["unchanged"] < MANY
    assert (done["indexed"], done["left"]) == (MANY - done["unchanged"], 0)
    assert stored.rows("killed") == MANY


def test_a_store_that_goes_down_half_way_is_waited_for(stored: Stored) -> None:
    file = stored.texts("waited", MANY)
    with stored.indexing(file) as process:
        until(lambda: stored.rows("waited") > 50, "some rows")
        docker("stop", CONTAINER)
        docker("start", CONTAINER)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert stored.rows("waited") == MANY


def test_a_store_that_stays_down_ends_the_run_which_goes_on_later(stored: Stored) -> None:
    file = stored.texts("later", MANY)
    with stored.indexing(file, "--patience-seconds", "2") as process:
        until(lambda: stored.rows("later") > 50, "some rows")
        docker("stop", CONTAINER)
        _, errors = process.communicate(timeout=300)
    docker("start", CONTAINER)
    assert process.returncode == 4, errors
    assert "error: no line is answered within" in errors
    assert "the same command goes on from here" in errors
    until(lambda: stored.rows("later") > 0, "the store")
    assert stored.index(file)["unchanged"] > 50
    assert stored.rows("later") == MANY


def test_a_store_that_is_down_is_told_and_fails_the_checks_alone(filled: Stored) -> None:
    file = filled.texts("some", 40)
    docker("stop", CONTAINER)
    try:
        done = filled.demo.run(f".venv/bin/homeport index local texts {file}", expect=4)
        assert "error: localhost: the vector store: " in done.stderr
        assert "hint: homeport apply" in done.stderr
        told = filled.demo.homeport("verify local", expect=5)
        assert "collections that cannot be searched" in told
    finally:
        docker("start", CONTAINER)
    until(lambda: filled.rows("some") == 40, "the store")


def test_what_the_input_does_not_hold_any_more_goes_on_request(stored: Stored) -> None:
    stored.index(stored.texts("pruned", 30), collection="plain")
    kept = stored.index(stored.texts("pruned", 20), collection="plain")
    assert (kept["removed"], kept["strangers"], stored.rows("pruned", "plain")) == (0, 10, 30)
    stored.index(stored.texts("pruned", 20), "--prune", collection="plain")
    assert stored.rows("pruned", "plain") == 20


def test_a_backup_is_restored_and_a_torn_one_changes_nothing(filled: Stored) -> None:
    filled.index(filled.texts("some", 40))
    backup = filled.demo.path / ".homeport" / "store.dump"
    filled.demo.homeport(f"store backup local {backup}")
    assert backup.stat().st_mode & 0o777 == 0o600
    filled.index(filled.texts("other", 5), "--prune")
    assert (filled.rows("some"), filled.rows("other")) == (0, 5)
    torn = backup.with_name("torn.dump")
    torn.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    told = filled.demo.homeport(f"store restore local {torn} --yes", expect=1)
    assert "what was there is as it was" in told
    assert filled.rows("other") == 5
    filled.demo.homeport(f"store restore local {backup}", expect=3)
    told = filled.demo.homeport(f"store restore local {backup} --yes")
    assert re.search("^restored: .*texts$", told, re.MULTILINE)
    assert (filled.rows("some"), filled.rows("other")) == (40, 0)
    assert filled.index(filled.texts("some", 40))["unchanged"] == 40


def test_a_database_that_a_killed_restore_has_shut_is_opened_by_an_apply(filled: Stored) -> None:
    filled.sql("\\connect postgres\nALTER DATABASE homeport ALLOW_CONNECTIONS false")
    assert filled.rows("some") == -1
    filled.demo.homeport("apply local")
    assert filled.rows("some") == 40


def test_another_models_vectors_are_refused_before_any_host_is_touched(
    filled: Stored, tmp_path: Path
) -> None:
    demo = filled.demo
    backup = demo.path / ".homeport" / "old-model.dump"
    demo.homeport(f"store backup local {backup}")
    other = write_tiny_encoder(tmp_path / "other-embedding.gguf", "embedding")
    whole = bytearray(other.read_bytes())
    whole[-1] ^= 1
    other.write_bytes(whole)
    demo.homeport(f"models add {other}")
    demo.edit(GROUP_DATA, '"model": "tiny-embedding"', '"model": "other-embedding"')
    demo.homeport("render local")
    try:
        words = "holds vectors of model tiny-embedding, not other-embedding; revision"
        assert words in demo.homeport("apply local", expect=7)
        file = filled.texts("some", 40)
        assert words in demo.homeport(f"index local texts {file}", expect=7)
        assert words in demo.homeport(f"store restore local {backup} --yes", expect=7)
        assert filled.rows("some") == 40
    finally:
        demo.edit(GROUP_DATA, '"model": "other-embedding"', '"model": "tiny-embedding"')
        demo.homeport("render local")
