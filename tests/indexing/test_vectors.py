"""An answer's vectors are as many, as long and as sound as a collection needs, or are refused."""

import pytest

from deploys.batch.letters import Answer
from deploys.batch.retrying import Failure, Kind
from deploys.indexing.run import other_model
from deploys.indexing.vectors import vectors_of


def _answer(*vectors: object) -> Answer:
    rows = [{"index": n, "embedding": one} for n, one in enumerate(vectors)]
    return Answer(200, "", {"data": rows})


def test_vectors_come_in_the_order_of_their_texts() -> None:
    rows = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    assert vectors_of(Answer(200, "", {"data": rows}), 2, 2) == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (_answer([1.0, 0.0]), Kind.REFUSED, "1 vectors for 2 texts"),
        (Answer(200, "", {"error": 1}), Kind.REFUSED, "no vectors for 2 texts"),
        (_answer([1.0], [1.0]), Kind.NO_ENTRY, "a vector of 1 numbers; the collection's have 2"),
        (_answer([1.0, 0.0], [0.0, 0.0]), Kind.REFUSED, "a vector without a direction"),
        (_answer([1.0, 0.0], "AAAA"), Kind.REFUSED, "a vector that is no list of numbers"),
    ],
)
def test_vectors_that_would_poison_a_collection_are_not_kept(
    answer: Answer, kind: Kind, said: str
) -> None:
    found = vectors_of(answer, 2, 2)
    assert isinstance(found, Failure)
    assert (found.kind, found.said) == (kind, said)


def test_a_model_is_known_again_by_the_vector_of_one_sentence() -> None:
    assert not other_model([1.0, 2.0, 3.0], [1.001, 2.0, 2.999])
    assert "a cosine of 0.926, not 0.999" in other_model([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    assert other_model([1.0, 2.0, 3.0], [1.0, 2.0])
