"""Each check of a vector store fails for its own reason, and for nothing else."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checks import check_retrieval as checks
from checks import retrieval_fixtures
from checks.committed import Committed
from checks.known_items import Searched
from checks.probes.host import Unreachable
from checks.retrieval_fixtures import search_store
from deploys.questions.vector_store import StoreState, parse_state, wanted
from deploys.render.release_retrieval import RetrievalRelease
from tests.questions.test_vector_store import REVISION, TOLD, released_collection

# As tests/checks/test_each_check_is_tested.py looks for them.
NAMES = (
    "the stores schema is the committed one",
    "the stores users come in with their passwords",
    "collections hold the committed models",
    "known items are found",
)
MIGRATION = "vector_stores/migrations/0001-collections.sql"
SOUND = Searched("texts", rows=9, asked=6)


def _retrieval(**collection: object) -> RetrievalRelease:
    return RetrievalRelease(
        image="image",
        container="container",
        migrations=(MIGRATION,),
        collections={"texts": released_collection(**collection)},
    )


def _state(**changes: Any) -> StoreState:  # noqa: ANN401 - what StoreState takes
    told = replace(parse_state(TOLD.splitlines()), extension=("0.8.1", "0.8.1"))
    users = frozenset({"homeport_indexer", "homeport_reader"})
    return replace(told, logins=users, **changes)


def _schema(state: StoreState) -> None:
    files = {MIGRATION: "0" * 64}
    release = SimpleNamespace(files=files)
    store = SimpleNamespace(host=SimpleNamespace(name="store1"), release=release)
    checks.check_the_stores_schema_is_the_committed_one(
        cast("Committed", store), _retrieval(), state
    )


def test_a_sound_store_passes_every_check() -> None:
    _schema(_state())
    checks.check_the_stores_users_come_in_with_their_passwords(_state())
    checks.check_collections_hold_the_committed_models(_retrieval(), _state())
    checks.check_known_items_are_found((SOUND,))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StoreState(), "the database of store1 does not answer"),
        (_state(migrations={"0001-collections.sql": "1" * 64}), "0001-collections.sql"),
        (_state(migrations={"other.sql": "0" * 64}), "0001-collections.sql"),
        (replace(_state(), extension=("0.8.0", "0.8.1")), "pgvector 0.8.0, the image 0.8.1"),
    ],
)
def test_another_schema_fails_its_check(state: StoreState, said: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=said):
        _schema(state)


def test_a_user_who_is_shut_out_fails_the_check_of_users() -> None:
    state = parse_state(TOLD.splitlines())
    with pytest.raises(pytest.fail.Exception, match="homeport_reader"):
        checks.check_the_stores_users_come_in_with_their_passwords(state)


def test_another_models_vectors_fail_the_check_of_models() -> None:
    held = {"texts": wanted(released_collection(revision="b" * 64))}
    with pytest.raises(pytest.fail.Exception, match=f"revision {'b' * 12}, not {REVISION[:12]}"):
        checks.check_collections_hold_the_committed_models(_retrieval(), _state(collections=held))


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (replace(SOUND, missed=("a", "b")), "texts: 2 of 6, such as 'a'"),
        (replace(SOUND, trouble="the pool answers 503"), "texts: the pool answers 503"),
    ],
)
def test_a_text_that_does_not_find_itself_fails_the_check_of_known_items(
    one: Searched, said: str
) -> None:
    with pytest.raises(pytest.fail.Exception, match=said):
        checks.check_known_items_are_found((SOUND, one))


def test_empty_collections_are_said_to_be_empty() -> None:
    with pytest.raises(pytest.skip.Exception, match="no collection holds anything yet"):
        checks.check_known_items_are_found((Searched("texts"),))


def test_a_store_that_lets_nobody_in_is_no_lost_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> None:
        raise Unreachable("store1", "homeport_reader.password: No such file")

    monkeypatch.setattr(retrieval_fixtures, "connected", closed)
    store = cast("Committed", SimpleNamespace(host=SimpleNamespace(name="store1")))
    found = search_store(store, _retrieval(), lambda *_: "")
    with pytest.raises(pytest.fail.Exception, match=r"texts: homeport_reader.password: No such"):
        checks.check_known_items_are_found(found)
