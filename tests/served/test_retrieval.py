"""A vector store on a host over SSH: an apply brings it, and the controller fills and saves it.

PostgreSQL with pgvector, the engine that makes the vectors and the gateway are the real ones.
"""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogue.tiny_encoder import EMBEDDING, write_tiny_encoder
from tests.e2e.checkout import open_folder
from tests.e2e.vector_store import Stored, until
from tests.lab.host import LabHost
from tests.lab.kit_images import built_image
from tests.lab.served import NAME, POOL, STORE, STORE_HOST, Served, pushed_images

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

VECTORS = {
    "model": "tiny-embedding", "kind": "embeddings", "engine": "llamacpp",
    "context_tokens": 256, "slots": 2, "steady_seconds": 2,
}  # fmt: skip
SOME = 40
MANY = 300
STORED = f"homeport-{NAME}-vector_stores-postgresql-1"
PASSWORDS = f"{STORE}/secrets/vector_store"
CATALOGUE = Path("inventories/models.yaml")


@pytest.fixture(scope="module")
def stored(served_lab: Served) -> Iterator[Stored]:
    """The served lab with a pool of vectors and a store on gpu2; as it was before, afterwards."""
    assert served_lab.lab.registry is not None
    own = pushed_images(served_lab.lab.registry, images={"postgresql": built_image("postgresql")})
    images = {
        name: {"reference": reference} for name, reference in {**served_lab.images, **own}.items()
    }
    catalogue = served_lab.checkout.path / CATALOGUE
    before = catalogue.read_bytes()
    with open_folder() as folder:
        path = write_tiny_encoder(folder / "tiny-embedding.gguf", "embedding")
        try:
            served_lab.homeport(f"models add {path}")
            retrieval = {"memory_mib": 512, "collections": {"texts": {"pool": "vectors"}}}
            pools = {"chat": POOL, "vectors": VECTORS}
            served_lab.commit(pools=pools, retrieval=retrieval, images=images)
            served_lab.apply()
            host = served_lab.host(STORE_HOST)
            yield Stored(served_lab.checkout, NAME, ("docker", "exec", "-i", host.container))
        finally:
            # An apply takes no store away by itself: what is in it would go.
            remove = f"docker rm --force {STORED}; rm -rf {STORE}/state/vector_store"
            served_lab.host(STORE_HOST).run(remove)
            catalogue.write_bytes(before)
            served_lab.put_back()


@pytest.fixture(scope="module")
def filled(stored: Stored) -> Stored:
    """The same with forty texts in it, which came through the gateway and over SSH."""
    assert stored.index(stored.texts("some", SOME))["indexed"] == SOME
    return stored


@pytest.fixture
def host(served_lab: Served) -> LabHost:
    """The store's."""
    return served_lab.host(STORE_HOST)


def test_passwords_are_made_on_the_host_and_stay_there(stored: Stored, host: LabHost) -> None:
    listing = host.run(f"stat -c '%n %a %u %s' {PASSWORDS}/*.password").splitlines()
    names = ["homeport_indexer.password", "homeport_reader.password"]
    assert [line.split()[0].rpartition("/")[2] for line in listing] == names
    assert {tuple(line.split()[1:3]) for line in listing} == {("600", "10001")}
    shown = host.run(f"docker inspect {stored.container}") + stored.log()
    shown += host.run(f"grep -r '' {STORE}/current/vector_stores/")
    kept = [one for one in stored.demo.path.rglob("*") if _is_small_file(one)]
    here = b"".join(one.read_bytes() for one in kept)
    for name in names:
        password = host.run(f"cat {PASSWORDS}/{name}").strip()
        assert len(password) >= 32
        assert password not in shown
        assert password.encode() not in here


def test_postgresql_is_reached_over_ssh_alone(filled: Stored, host: LabHost) -> None:
    # As the kernel writes it: port 5432, and listening.
    listening = host.run("cat /proc/net/tcp /proc/net/tcp6")
    assert not re.search(r":1538 [0-9A-F:]+ 0A ", listening)
    assert filled.rows("some") == SOME
    found = filled.sql(
        "SELECT id, vector_dims(embedding) FROM vectors.search_texts("
        "(SELECT embedding FROM vectors.texts WHERE id = 'some-7'), 1)"
        " JOIN vectors.texts USING (id)"
    )
    assert found.strip() == f"some-7|{EMBEDDING}"


def test_texts_that_are_there_are_not_asked_for_again(filled: Stored) -> None:
    again = filled.index(filled.texts("some", SOME))
    assert (again["indexed"], again["unchanged"]) == (0, SOME)


def test_known_items_are_found_and_nothing_has_drifted(filled: Stored, served_lab: Served) -> None:
    served_lab.checkout.run(f".venv/bin/pytest checks/check_retrieval.py --environment={NAME}")
    assert served_lab.findings() == []
    served_lab.homeport(f"apply {NAME} --dry")


def test_a_changed_vector_fails_the_check_of_known_items(
    filled: Stored, served_lab: Served
) -> None:
    negative = "(SELECT array_agg(-number ORDER BY place) FROM unnest(embedding::real[])"
    negative += " WITH ORDINALITY AS one (number, place))::vector"
    changed = f"UPDATE vectors.texts SET embedding = {negative}, digest = '' WHERE id = 'some-0'"  # noqa: S608
    filled.sql(changed)
    command = f".venv/bin/pytest checks/check_retrieval.py --environment={NAME}"
    told = served_lab.checkout.run(command, expect=1).stdout
    assert "texts that do not find themselves" in told
    assert re.search("^FAILED .*known_items", told, re.MULTILINE)
    assert filled.index(filled.texts("some", SOME))["indexed"] == 1


def test_a_store_that_is_restarted_half_way_is_waited_for(stored: Stored, host: LabHost) -> None:
    file = stored.texts("waited", MANY)
    with stored.indexing(file) as process:
        until(lambda: stored.rows("waited") > 20, "some rows")
        host.run(f"docker restart {stored.container}")
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert stored.rows("waited") == MANY


def test_a_store_that_stays_down_half_way_ends_a_run_which_is_resumed(
    stored: Stored, host: LabHost
) -> None:
    file = stored.texts("later", MANY)
    with stored.indexing(file, "--patience-seconds", "2") as process:
        until(lambda: stored.rows("later") > 20, "some rows")
        host.run(f"docker stop {stored.container}")
        _, errors = process.communicate(timeout=300)
    host.run(f"docker start {stored.container}")
    assert process.returncode == 4, errors
    assert "the same command goes on from here" in errors
    until(lambda: stored.rows("later") > 0, "the store")
    done = stored.index(file)
    assert 20 < done["unchanged"] < MANY
    assert (done["unchanged"] + done["indexed"], stored.rows("later")) == (MANY, MANY)


def test_a_backup_comes_here_over_ssh_and_goes_back(filled: Stored) -> None:
    backup = filled.demo.path / ".homeport" / "store.dump"
    filled.demo.homeport(f"store backup {NAME} {backup}")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    filled.index(filled.texts("other", 5), "--prune")
    assert (filled.rows("some"), filled.rows("other")) == (0, 5)
    filled.demo.homeport(f"store restore {NAME} {backup} --yes")
    assert (filled.rows("some"), filled.rows("other")) == (SOME, 0)


def _is_small_file(path: Path) -> bool:
    """Of the checkout itself: its packages are a link to elsewhere."""
    return ".venv" not in path.parts and path.is_file() and path.stat().st_size < 2**20
