"""Each check of vectors and ranks fails for its own reason, and for no other check's."""

import math
from typing import Any

import pytest

from checks.check_vectors import NEARLY, TEXTS
from deploys.render.release_retrieval import RetrievalRelease
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.fake_gateway import Behaviour

COMPARED = "vectors can be compared"
KNOWN = "a known text is found"
BASE64 = "vectors are the same in base64"
RANKS = "ranks are in order"
OTHERS = "every other model answers as its kind does"
PATHS = {"rank": "/v1/rerank", "vector": "/v1/embeddings"}


@pytest.fixture(autouse=True)
def _kinds(behaviour: Behaviour, deployment: Deployment) -> None:
    behaviour.models, behaviour.paths = ("rank", "vector"), PATHS
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"paths": PATHS}))


def test_vectors_and_ranks_as_they_should_be_pass(run_checks: RunChecks, gateway_url: str) -> None:
    outcomes = run_checks("check_vectors.py", gateway_url=gateway_url)
    assert (failed(outcomes), messages(outcomes).strip()) == (set(), "")
    assert len(outcomes) == 4


def test_a_gateway_that_lists_none_of_the_kind_that_is_committed_fails_all_of_them(
    behaviour: Behaviour, run_checks: RunChecks, gateway_url: str
) -> None:
    behaviour.models = ("tiny",)
    outcomes = run_checks("check_vectors.py", "check_gateway.py", gateway_url=gateway_url)
    assert failed(outcomes) >= {COMPARED, KNOWN, BASE64, RANKS, OTHERS}
    assert "lists no model for reranking, and the commit has one" in messages(outcomes)


def test_where_no_such_model_is_committed_no_check_of_one_is_told(
    deployment: Deployment, run_checks: RunChecks, gateway_url: str
) -> None:
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(gateway=released.model_copy(update={"paths": {}}))
    files = ("check_vectors.py", "check_gateway.py")
    told = {line["check"] for line in run_checks(*files, gateway_url=gateway_url).values()}
    assert not told & {COMPARED, KNOWN, BASE64, RANKS, OTHERS}
    assert "every model answers a chat" in told


FAULTS: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "differ in dimension": ({"uneven": True}, {COMPARED, KNOWN}, "dimensions, not of one"),
    "are zeros": ({"zeros": True}, {COMPARED, KNOWN, BASE64}, "a vector of zeros"),
    "are one number": (
        {"dimensions": 1},
        {COMPARED, KNOWN},
        "vectors of [1] dimensions, not of one",
    ),
    "are no numbers": (
        {"instead": [math.nan, 1.0]},
        {COMPARED, KNOWN, BASE64},
        "vector: what should be vectors is {",
    ),
    "cannot be read": (
        {"instead": "so it is"},
        {COMPARED, KNOWN, BASE64},
        "vector: what should be vectors is {",
    ),
    "are a number each": (
        {"instead": 7},
        {COMPARED, KNOWN, BASE64},
        "vector: what should be vectors is {",
    ),
    "depend on the batch": ({"batches_differ": True}, {COMPARED}, "like itself"),
    "are all alike": ({"all_alike": True}, {COMPARED, KNOWN}, "without a word in common"),
    "come under other numbers": ({"turned": True}, {KNOWN}, "'The train leaves at noon.' finds"),
    "are other numbers in base64": ({"base64": ">f"}, {BASE64}, "in base64 vectors are only"),
    "are doubles in base64": ({"base64": "<d"}, {BASE64}, "like the same as numbers"),
    "are ranks without an order": ({"sorted_ranks": False}, {RANKS}, "not in order of their"),
    "are ranks by place": ({"by_place": True}, {RANKS}, "differs by"),
    "are one rank twice": ({"repeats": True}, {RANKS}, "3 documents were ranked as"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_its_own_check_fails_when_they(
    fault: tuple[dict[str, Any], set[str], str],
    run_checks: RunChecks,
    behaviour: Behaviour,
    gateway_url: str,
) -> None:
    changes, checks, words = fault
    for name, value in changes.items():
        setattr(behaviour.vectors, name, value)
    outcomes = run_checks("check_vectors.py", gateway_url=gateway_url)
    assert failed(outcomes) & checks
    assert failed(outcomes) <= checks | {COMPARED}
    assert words in messages(outcomes)


def test_a_length_that_is_not_one_is_told_and_no_failure(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.vectors.length = 3.0
    outcomes = run_checks("check_vectors.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()
    assert "vectors are not of length 1" in messages(outcomes)


def test_what_other_words_find_is_told_and_no_failure(
    run_checks: RunChecks, behaviour: Behaviour, gateway_url: str
) -> None:
    behaviour.vectors.taken_for = {NEARLY: TEXTS[1]}
    outcomes = run_checks("check_vectors.py", gateway_url=gateway_url)
    assert failed(outcomes) == set()
    known, ranks = (outcomes[f"{one} localhost"]["message"] for one in (KNOWN, RANKS))
    assert known == f"vector: {NEARLY!r} is nearest to {TEXTS[1]!r}"
    assert ranks == f"rank: for {NEARLY!r} the best is {TEXTS[1]!r}"


@pytest.mark.parametrize(
    ("committed", "is_found"),
    [(("vector", 26), False), (("vector", 1024), True), (("other", 9), False)],
)
def test_vectors_have_as_many_numbers_as_their_collection_is_committed_with(
    committed: tuple[str, int],
    is_found: bool,
    run_checks: RunChecks,
    deployment: Deployment,
    gateway_url: str,
) -> None:
    pool, dimension = committed
    collection = {
        "pool": pool, "model": "m", "revision": "5" * 64, "dimension": dimension,
        "distance": "cosine", "numbers": "single", "index": {},
    }  # fmt: skip
    retrieval = {"image": "i", "container": "c", "migrations": (), "collections": {"k": collection}}
    released = deployment.release.gateway
    assert released is not None
    deployment.commit(
        gateway=released.model_copy(update={"paths": PATHS}),
        retrieval=RetrievalRelease.model_validate(retrieval),
    )
    outcomes = run_checks("check_vectors.py", gateway_url=gateway_url)
    assert failed(outcomes) == ({COMPARED} if is_found else set())
    found = "vectors of 26 dimensions, and those of the collection k are committed with 1024"
    assert (found in messages(outcomes)) == is_found
