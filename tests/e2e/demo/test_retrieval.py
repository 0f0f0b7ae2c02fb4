"""A real PostgreSQL with pgvector beside real engines: deployed, indexed, searched and checked."""

import json
import re
from pathlib import Path

import pytest

from tests.catalogue.tiny_encoder import EMBEDDING
from tests.e2e.checkout import docker
from tests.e2e.vector_store import CONTAINER, Stored, until

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_a_second_apply_changes_nothing(stored: Stored) -> None:
    assert stored.demo.pending() == []


def test_what_runs_is_what_was_committed(stored: Stored) -> None:
    assert "1 host is what was committed" in stored.demo.homeport("drift local")


def test_the_hosts_passwords_are_in_no_file_that_is_shown_and_in_no_log(stored: Stored) -> None:
    secrets = stored.demo.directory / "secrets" / "vector_store"
    files = sorted(secrets.glob("*.password"))
    assert [one.name for one in files] == ["homeport_indexer.password", "homeport_reader.password"]
    shown = docker("inspect", CONTAINER) + stored.log()
    rendered = stored.demo.path / "compose" / "local" / "localhost"
    shown += "".join(one.read_text() for one in rendered.rglob("*") if one.is_file())
    for file in files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.stat().st_uid == 10001
        password = file.read_text().strip()
        assert len(password) >= 32
        assert password not in shown


def test_a_strangers_process_that_is_killed_ends_nobodys_connection(filled: Stored) -> None:
    # Its parent is gone at once, as that of a health check is that took too long.
    left = docker("exec", CONTAINER, "bash", "-c", "sleep 1000 &>/dev/null & echo $!").strip()
    docker("exec", CONTAINER, "bash", "-c", f"kill -9 {left}")
    until(lambda: left not in _processes(), "its end")
    assert filled.rows("some") == 40
    assert "terminating any other active server processes" not in filled.log()


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


def test_indexes_are_those_that_were_set_and_searches_take_them(filled: Stored) -> None:
    file = filled.texts("some", 40)
    for collection in ("halves", "plain"):
        filled.index(file, collection=collection)
    for collection, method in {
        "texts": "hnsw (embedding vector_cosine_ops)",
        "halves": "ivfflat (embedding halfvec_ip_ops) WITH (lists='2')",
        "plain": "",
    }.items():
        made = filled.sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'vectors'"  # noqa: S608 - the test's own word
            f" AND indexname = '{collection}_embedding'"
        )
        assert method in made
        assert bool(made) == bool(method)
        # The planner would compare forty rows one by one.
        found = filled.sql(
            "SET enable_seqscan = off;"  # noqa: S608 - the test's own word
            f"SELECT id FROM vectors.search_{collection}((SELECT embedding"
            f" FROM vectors.{collection} WHERE id = 'some-7'), 1);"
            "SELECT pg_stat_force_next_flush();"
            "SELECT idx_scan > 0 FROM pg_stat_user_indexes"
            f" WHERE indexrelname = '{collection}_embedding'"
        )
        assert found.split() == ["SET", "some-7", *(["t"] if method else [])]


def test_a_folder_is_indexed_by_its_passages(stored: Stored) -> None:
    folder = stored.demo.path / ".homeport" / "folder"
    folder.mkdir()
    (folder / "mole.md").write_text("The pilot boards two miles off the mole.")
    (folder / "chart.png").write_bytes(b"no text")
    refused = stored.demo.homeport(f"index local texts {folder}", expect=7)
    assert "holds 1 images, such as chart.png, and pool `vectors` makes vectors of texts" in refused
    done = stored.index(folder, "--skip-invalid")
    assert (done["indexed"], done["left_out"]) == (1, 1)
    row = "SELECT content FROM vectors.texts WHERE id = 'mole.md#1' AND metadata->>'file' = "
    assert stored.sql(f"{row}'mole.md'").strip() == "The pilot boards two miles off the mole."


def test_a_text_that_the_engine_refuses_becomes_a_dead_letter_and_spoils_no_other(
    stored: Stored,
) -> None:
    file = stored.texts("spoiled", 20)
    long = {"id": "spoiled-long", "text": "a b c d " * 200}
    file.write_text(file.read_text() + json.dumps(long) + "\n")
    done = stored.index(file, "--tries", "2", expect=1)
    assert (done["indexed"], done["failed"], stored.rows("spoiled")) == (20, 1, 20)
    letter = json.loads(Path(done["dead_letters"]).read_text())
    assert letter["custom_id"] == "spoiled-long"


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


def test_a_password_that_was_removed_is_made_anew_by_an_apply(stored: Stored) -> None:
    file = stored.demo.directory / "secrets" / "vector_store" / "homeport_reader.password"
    old = file.read_text()
    file.unlink()
    told = stored.demo.homeport("verify local", expect=5)
    assert "users who do not come in" in told
    stored.demo.homeport("apply local")
    assert file.read_text() != old


def _processes() -> list[str]:
    """Numbers of those that run in the container, by its own count."""
    return docker("exec", CONTAINER, "bash", "-c", "cd /proc && echo [0-9]*").split()
