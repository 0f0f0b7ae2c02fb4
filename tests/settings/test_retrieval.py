"""What settings say about retrieval fits pools and hosts, or is refused with all complaints."""

from pathlib import Path
from typing import Any

import pytest

from deploys.settings import inventory
from deploys.settings.environment import Environment, read_environment
from deploys.settings.refusal import Complaint, Refused
from tests.environments import POOL, write_environment

VECTORS = {**POOL, "kind": "embeddings"}
COLLECTION = {"pool": "vectors"}
ROLES = ("gpu_hosts", "gateways", "vector_stores")


def _read(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: dict[str, Any],
    roles: tuple[str, ...] = ROLES,
) -> Environment:
    """Of one host; `words` stand in group data."""
    pools = {"chat": POOL, "vectors": VECTORS}
    data = {"pools": pools, **words}
    write_environment(root, data)
    raw = {"clients": {"demo": {"key": "env:KEY"}}, "directory": ".h", **data}
    answer = [{"name": "@local", "groups": ["small", *roles], "data": raw}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: answer)
    return read_environment(root, "small")


def _complaints(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: dict[str, Any],
    roles: tuple[str, ...] = ROLES,
) -> list[Complaint]:
    """Those about retrieval; the only model of the test's catalogue is one for chats."""
    with pytest.raises(Refused) as refused:
        _read(root, monkeypatch, words, roles)
    return [
        one
        for one in refused.value.complaints
        if "retrieval" in one.path or one.path == "vector_stores"
    ]


def _collection(**words: Any) -> dict[str, Any]:  # noqa: ANN401 - any word
    return {"retrieval": {"collections": {"texts": {**COLLECTION, **words}}}}


def test_collections_of_pools_that_are_none_of_vectors_are_refused_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collections = {"one": {"pool": "chat"}, "two": {"pool": "vector"}}
    found = _complaints(tmp_path, monkeypatch, {"retrieval": {"collections": collections}})
    assert [(one.path, one.found) for one in found] == [
        ("retrieval.collections.one.pool", "`chat` answers generation, not vectors"),
        ("retrieval.collections.two.pool", "there is no pool 'vector'"),
    ]
    assert found[1].hint == "did you mean `vectors`?"


def test_a_pool_with_a_candidate_gives_no_vectors_to_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools = {
        "vectors": {**VECTORS, "canary": {"candidate": "newer"}},
        "newer": VECTORS,
    }
    (found,) = _complaints(tmp_path, monkeypatch, {"pools": pools, **_collection()})
    assert found.found == "`vectors` has a candidate, 'newer'"


def test_retrieval_needs_one_host_in_its_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = _complaints(tmp_path, monkeypatch, _collection(), ROLES[:2])
    assert (found.path, found.found) == ("vector_stores", "names no host")


def test_the_role_without_retrieval_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = _complaints(tmp_path, monkeypatch, {})
    assert found.found == "names a host, and there is no `retrieval`"


@pytest.mark.parametrize(
    ("words", "path", "found"),
    [
        ({"index": {"kind": "hnws"}}, "index.kind", "found 'hnws'"),
        ({"index": {"connections": 64}}, "index", "found {'connections': 64}"),
        ({"dimension": 0}, "dimension", "found 0"),
        ({"distances": "cosine"}, "distances", "is not a known key"),
        ({"dimension": 3000}, "index.kind", "3000 numbers of single precision; hnsw takes 2000"),
    ],
)
def test_words_that_pgvector_does_not_take_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, Any], path: str, found: str
) -> None:
    (complaint,) = _complaints(tmp_path, monkeypatch, _collection(**words))
    assert complaint.path == f"retrieval.collections.texts.{path}"
    assert complaint.found == found


@pytest.mark.parametrize("name", ["Texts", "my-texts", "1st", "a" * 41, 'x"; --'])
def test_a_collections_name_is_one_that_a_table_can_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    words = {"retrieval": {"collections": {name: COLLECTION}}}
    assert _complaints(tmp_path, monkeypatch, words)
