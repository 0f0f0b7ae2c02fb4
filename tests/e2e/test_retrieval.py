"""A real PostgreSQL with pgvector beside real engines: indexed, lost, restored, and checked."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogue.tiny_encoder import EMBEDDING, write_tiny_encoder
from tests.e2e.checkout import Checkout, docker
from tests.e2e.vector_store import CONTAINER, GROUP_DATA, Stored, store_on, until

pytestmark = [pytest.mark.docker, pytest.mark.root]

MANY = 1500


@pytest.fixture(scope="module")
def stored(demo: Checkout) -> Iterator[Stored]:
    """The demo with a pool of vectors and a store."""
    with store_on(demo) as found:
        yield found


@pytest.fixture(scope="module")
def filled(stored: Stored) -> Stored:
    """The same with forty texts in it."""
    stored.index(stored.texts("some", 40))
    return stored


def test_a_second_apply_changes_nothing(stored: Stored) -> None:
    assert stored.demo.pending() == []


def test_what_runs_is_what_was_committed(stored: Stored) -> None:
    assert "nothing" in stored.demo.homeport("drift local")


def test_the_hosts_passwords_are_in_no_file_that_is_shown_and_in_no_log(stored: Stored) -> None:
    secrets = stored.demo.directory / "secrets" / "vector_store"
    files = sorted(secrets.glob("*.password"))
    assert [one.name for one in files] == ["homeport_indexer.password", "homeport_reader.password"]
    shown = docker("inspect", CONTAINER) + docker("logs", CONTAINER)
    rendered = stored.demo.path / "compose" / "local" / "localhost"
    shown += "".join(one.read_text() for one in rendered.rglob("*") if one.is_file())
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.stat().st_uid == 10001
        password = file.read_text().strip()
        assert len(password) >= 32
        assert password not in shown


def test_texts_are_indexed_once_and_found_by_an_application(filled: Stored) -> None:
    assert filled.rows("some") == 40
    again = filled.index(filled.texts("some", 40))
    assert (again["indexed"], again["unchanged"]) == (0, 40)
    found = filled.sql(
        "SELECT id FROM vectors.search_texts("
        "(SELECT embedding FROM vectors.texts WHERE id = 'some-7'), 1)"
    )
    assert found.strip() == "some-7"
    assert filled.sql("SELECT vector_dims(embedding) FROM vectors.texts LIMIT 1").strip() == str(
        EMBEDDING
    )


def test_every_check_holds_and_known_items_are_found(filled: Stored) -> None:
    told = filled.demo.homeport("verify local")
    assert re.search(r"local: (\d+) of \1 checks passed", told)


def test_a_changed_vector_fails_the_check_of_known_items_alone(filled: Stored) -> None:
    # Minus itself: nothing is further away.
    negative = "(SELECT array_agg(-number ORDER BY place) FROM unnest(embedding::real[])"
    negative += " WITH ORDINALITY AS one (number, place))::vector"
    filled.sql(f"UPDATE vectors.texts SET embedding = {negative} WHERE id IN ('some-0', 'some-1')")  # noqa: S608
    told = filled.demo.homeport("verify local", expect=5)
    assert "texts that do not find themselves" in told
    assert "texts: 2 of 6, such as 'some-0'" in told
    # What is in the collection counts as finished; its digest is what says so.
    filled.sql("UPDATE vectors.texts SET digest = '' WHERE id IN ('some-0', 'some-1')")
    assert filled.index(filled.texts("some", 40))["indexed"] == 2
    filled.demo.homeport("verify local")


def test_a_run_that_was_killed_goes_on_without_repeating(stored: Stored) -> None:
    file = stored.texts("killed", MANY)
    with stored.indexing(file) as process:
        until(lambda: stored.rows("killed") > 50, "some rows")
        process.send_signal(signal.SIGKILL)
    before = stored.rows("killed")
    assert 50 < before < MANY
    done = stored.index(file)
    assert (done["unchanged"], done["indexed"], done["left"]) == (before, MANY - before, 0)
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


def test_what_the_input_does_not_hold_any_more_goes_on_request(stored: Stored) -> None:
    stored.index(stored.texts("pruned", 30))
    kept = stored.index(stored.texts("pruned", 20))
    assert (kept["removed"], stored.rows("pruned")) == (0, 30)
    assert kept["strangers"] >= 10
    stored.index(stored.texts("pruned", 20), "--prune")
    assert stored.rows("pruned") == 20


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
    assert "restored: texts" in filled.demo.homeport(f"store restore local {backup} --yes")
    assert (filled.rows("some"), filled.rows("other")) == (40, 0)
    assert filled.index(filled.texts("some", 40))["unchanged"] == 40


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


def test_a_password_that_was_removed_is_made_anew_by_an_apply(stored: Stored) -> None:
    file = stored.demo.directory / "secrets" / "vector_store" / "homeport_reader.password"
    old = file.read_text()
    file.unlink()
    told = stored.demo.homeport("verify local", expect=5)
    assert "users who do not come in" in told
    stored.demo.homeport("apply local")
    assert file.read_text() != old
