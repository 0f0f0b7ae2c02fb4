"""What an answer of an engine must be before its vectors are kept, and when two are the same."""

import math
from collections.abc import Sequence

from deploys.batch.letters import Answer
from deploys.batch.retrying import Failure, Kind

# Asked before anything is indexed and kept with the collection: whoever answers otherwise is
# another model.
WITNESS = "Ships that pass in the night, and speak each other in passing."
# The same engine on another GPU, or in another batch, differs by rounding: 1e-3 at most of the
# cosine in half precision. Quantizations of one model differ by more, other models by far more.
LEAST_SAME = 0.999

Vector = Sequence[float]


def vectors_of(answer: Answer, count: int, dimension: int) -> list[Vector] | Failure:
    """A vector for each text, in their order; or why there is none.

    What is wrong with an answer is no reason to wait: the texts are asked for one by one, once.
    """
    rows = answer.body.get("data") if isinstance(answer.body, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        found = f"{len(rows)} vectors" if isinstance(rows, list) else "no vectors"
        return Failure(Kind.REFUSED, f"{found} for {count} texts", answer)
    by_index = {row.get("index", n): row for n, row in enumerate(rows) if isinstance(row, dict)}
    vectors = [by_index[n].get("embedding") if n in by_index else None for n in range(count)]
    for vector in vectors:
        failure = _unfit(vector, dimension)
        if failure is not None:
            return failure
    return [vector for vector in vectors if vector is not None]


def _unfit(vector: object, dimension: int) -> Failure | None:
    if not isinstance(vector, list) or not all(isinstance(one, int | float) for one in vector):
        return Failure(Kind.REFUSED, "a vector that is no list of numbers")
    if len(vector) != dimension:
        # Every other text would fare the same.
        said = f"a vector of {len(vector)} numbers; the collection's have {dimension}"
        return Failure(Kind.NO_ENTRY, said)
    length = math.hypot(*vector)
    if not math.isfinite(length) or length == 0:
        return Failure(Kind.REFUSED, "a vector without a direction")
    return None


def alikeness(one: Vector, other: Vector) -> float:
    """The cosine between two vectors, from -1 to 1; -1 where they have not as many numbers."""
    if len(one) != len(other):
        return -1
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other))
