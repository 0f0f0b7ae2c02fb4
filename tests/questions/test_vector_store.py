"""What a store's database says of itself is read, and held against what a release wants."""

from deploys.questions.vector_store import Held, StoreState, mismatches, parse_state, question
from deploys.render.release_retrieval import CollectionRelease
from deploys.settings.retrieval import Index

REVISION = "a" * 64
TOLD = f"""\
migration|0001-collections.sql|{"0" * 64}
extension|0.8.0|0.8.1
collection|texts|tiny-embedding|{REVISION}|64|cosine|single
login|homeport_indexer
"""


def released_collection(**words: object) -> CollectionRelease:
    whole = {
        **{"pool": "vectors", "model": "tiny-embedding", "revision": REVISION, "dimension": 64},
        **{"distance": "cosine", "numbers": "single", "index": Index()},
        **words,
    }
    return CollectionRelease.model_validate(whole)


def test_what_the_database_tells_is_read() -> None:
    state = parse_state(TOLD.splitlines())
    assert state.migrations == {"0001-collections.sql": "0" * 64}
    assert state.extension == ("0.8.0", "0.8.1")
    assert state.logins == {"homeport_indexer"}
    assert state.collections == {"texts": Held("tiny-embedding", REVISION, 64, "cosine", "single")}


def test_a_store_that_does_not_answer_holds_nothing() -> None:
    assert parse_state([]) == StoreState()
    assert parse_state(["psql: error: connection refused"]) == StoreState()


def test_areleased_collection_of_the_same_model_agrees() -> None:
    held = parse_state(TOLD.splitlines()).collections
    assert not list(
        mismatches(held, {"texts": released_collection(), "more": released_collection()})
    )


def test_another_models_vectors_are_named_by_model_and_revision() -> None:
    held = parse_state(TOLD.splitlines()).collections
    changed = released_collection(model="newer", revision="b" * 64, dimension=128)
    ((name, differing),) = mismatches(held, {"texts": changed})
    assert name == "texts"
    assert differing == (
        f"model tiny-embedding, not newer; revision {'a' * 12}, not {'b' * 12}; "
        "dimension 64, not 128"
    )


def test_an_index_of_another_kind_is_no_mismatch() -> None:
    held = parse_state(TOLD.splitlines()).collections
    assert not list(mismatches(held, {"texts": released_collection(index=Index(kind="flat"))}))


def test_another_database_is_asked_by_its_name() -> None:
    asked = "docker exec store bash /srv/homeport/vector_store/tell-database"
    assert question("store") == f"{asked} 2>/dev/null || true"
    assert question("store", "incoming") == f"{asked} incoming 2>/dev/null || true"
