"""Vectors and ranks as applications use them: comparable, in order, the same however they come."""

import base64
import math
import operator
import struct
from collections.abc import Callable, Sequence

import pytest

from checks.asking import Model, ask, serving
from checks.chat import said
from checks.fleet import Fleet
from checks.probes.gateway import Answer, Gateway
from checks.results import NOTE
from checks.verdict import fail, require

# The first comes again: among others, and as what is looked for.
TEXTS = ("A ship comes into port.", "Bread is baked at night.", "The train leaves at noon.")
NEARLY = "A ship is coming into the port."
# Engines compute in 16 bits, and in another order where texts are batched.
SAME = 0.999
# Of two texts that share no word; whoever gives the same for all finds nothing.
OTHER = 0.99999
UNIT = 1e-2
SCORE = 0.02

Vector = tuple[float, ...]


@pytest.mark.serving("embeddings")
def check_vectors_can_be_compared(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """One length for all, no direction that says nothing, one vector for one text."""
    for one in serving(gateway, fleet, "embeddings"):
        first, *others, again = vectors = _vectors(one, _asked(gateway, one, [*TEXTS, TEXTS[0]]))
        alone = _vectors(one, _asked(gateway, one, [TEXTS[0]]))[0]
        lengths = sorted({len(vector) for vector in (*vectors, alone)})
        remedy = "does the engine serve a model for vectors, with the pooling that it was made for?"
        found = f"{one.name}: vectors of {lengths} dimensions, not of one"
        require(len(lengths) == 1 and lengths[0] > 1, found, remedy)
        _require_committed(fleet, one, lengths[0])
        require(all(map(any, vectors)), f"{one.name}: a vector of zeros", remedy)
        near = min(_cosine(first, again), _cosine(first, alone))
        found = f"{one.name}: the same text, alone and among others, is only {near:.4f} like itself"
        require(near >= SAME, found, remedy)
        near = max(_cosine(first, other) for other in others)
        found = f"{one.name}: texts without a word in common are {near:.6f} alike"
        require(near < OTHER, found, remedy)
        if any(abs(math.hypot(*vector) - 1) > UNIT for vector in vectors):
            words = f"{one.name}: vectors are not of length 1: an inner product is no cosine"
            record_property(NOTE, words)


@pytest.mark.serving("embeddings")
def check_a_known_text_is_found(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """By its own vector, which is a matter of order; by other words, which is one of the model."""
    for one in serving(gateway, fleet, "embeddings"):
        vectors = _vectors(one, _asked(gateway, one, [*TEXTS, NEARLY]))
        known, nearly = vectors[: len(TEXTS)], vectors[-1]
        wanted = _vectors(one, _asked(gateway, one, [TEXTS[-1]]))[0]
        found = TEXTS[_nearest(wanted, known)]
        remedy = "answers out of order: `index` of each says to which text it belongs"
        require(found == TEXTS[-1], f"{one.name}: {TEXTS[-1]!r} finds {found!r}", remedy)
        found = TEXTS[_nearest(nearly, known)]
        if found != TEXTS[0]:
            record_property(NOTE, f"{one.name}: {NEARLY!r} is nearest to {found!r}")


@pytest.mark.serving("embeddings")
def check_vectors_are_the_same_in_base64(gateway: Gateway, fleet: Fleet) -> None:
    """OpenAI's client asks for that by itself; lists it takes as well."""
    for one in serving(gateway, fleet, "embeddings"):
        plain = _vectors(one, _asked(gateway, one, list(TEXTS)))
        answer = _asked(gateway, one, list(TEXTS), encoding_format="base64")
        near = [
            _cosine(*pair) if len(pair[0]) == len(pair[1]) else 0.0
            for pair in zip(plain, _vectors(one, answer), strict=False)
        ]
        found = f"{one.name}: in base64 vectors are only {min(near):.4f} like the same as numbers"
        require(min(near) >= SAME, found, "32-bit floats, the lowest byte first, are expected")


@pytest.mark.serving("reranking")
def check_ranks_are_in_order(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """The best first, each document once, and as good wherever it stands among the others."""
    for one in serving(gateway, fleet, "reranking"):
        there = _ranks(one, _ranked(gateway, one, TEXTS))
        back = _ranks(one, _ranked(gateway, one, TEXTS[::-1]))
        remedy = "does the engine serve a model for ranks? Clients take the first for the best"
        for ranks in (there, back):
            scores = [score for _, score in ranks]
            found = f"{one.name}: ranks are not in order of their scores: {scores}"
            require(scores == sorted(scores, reverse=True), found, remedy)
        turned = {len(TEXTS) - 1 - index: score for index, score in back}
        apart = max(abs(score - turned[index]) for index, score in there)
        spread = max(1.0, *(abs(score) for _, score in there))
        found = f"{one.name}: a document's score differs by {apart:.3f} with its place among others"
        require(apart <= SCORE * spread, found, remedy)
        best = TEXTS[there[0][0]]
        if best != TEXTS[0]:
            record_property(NOTE, f"{one.name}: for {NEARLY!r} the best is {best!r}")


def _require_committed(fleet: Fleet, model: Model, dimension: int) -> None:
    """A collection's vectors have as many numbers as its table was made for."""
    for committed in fleet.committed.values():
        retrieval = committed.release.retrieval
        for name, one in retrieval.collections.items() if retrieval is not None else ():
            found = (
                f"{model.name}: vectors of {dimension} dimensions, and those of the collection "
                f"{name} are committed with {one.dimension}"
            )
            remedy = "another model than the collection was made with: homeport index builds it"
            require(one.pool != model.name or one.dimension == dimension, found, remedy)


def _asked(gateway: Gateway, model: Model, texts: Sequence[str], **words: str) -> Answer:
    return ask(gateway, model, 1, input=texts, **words)


def _ranked(gateway: Gateway, model: Model, texts: Sequence[str]) -> Answer:
    return ask(gateway, model, query=NEARLY, documents=list(texts))


def _vectors(model: Model, answer: Answer) -> list[Vector]:
    """By the texts' order, which `index` says; fails where one has none."""
    require(answer.status == 200, f"{model.name}: {said(answer)}", "see check_engines")
    try:
        rows = sorted(answer.document["data"], key=lambda row: int(row["index"]))
        return [_vector(row["embedding"]) for row in rows]
    except (LookupError, TypeError, ValueError, struct.error):
        found = f"{model.name}: what should be vectors is {answer.text[:200]}"
        fail(found, "does the engine serve a model for vectors?")


def _vector(words: str | Sequence[float]) -> Vector:
    if isinstance(words, str):
        data = base64.b64decode(words, validate=True)
        words = struct.unpack(f"<{len(data) // 4}f", data)
    vector = tuple(float(number) for number in words)
    if not all(map(math.isfinite, vector)):
        raise ValueError("no number")
    return vector


def _ranks(model: Model, answer: Answer) -> list[tuple[int, float]]:
    """(index, score) in the answer's order; fails where a document is missing, or there twice."""
    require(answer.status == 200, f"{model.name}: {said(answer)}", "see check_engines")
    try:
        rows = answer.document["results"]
        found = [(int(row["index"]), float(row["relevance_score"])) for row in rows]
    except (LookupError, TypeError, ValueError):
        found = []
    indices = sorted(index for index, _ in found)
    words = f"{model.name}: {len(TEXTS)} documents were ranked as {indices}"
    require(indices == list(range(len(TEXTS))), words, "the engine ranks each document once")
    return found


def _nearest(vector: Vector, known: Sequence[Vector]) -> int:
    return max(range(len(known)), key=lambda number: _cosine(vector, known[number]))


def _cosine(one: Vector, other: Vector) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(map(operator.mul, one, other)) / lengths if lengths else 0.0
