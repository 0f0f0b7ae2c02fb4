"""Vectors and ranks of the fake gateway: letters counted, or wrong in one way at a time."""

import base64
import math
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class FakeVectors:
    """The defaults are right."""

    length: float = 1.0
    """Of each vector."""
    all_alike: bool = False
    batches_differ: bool = False
    """Whether a text has another vector among others than alone."""
    uneven: bool = False
    """Whether one has a dimension more."""
    zeros: bool = False
    dimensions: int = len(_LETTERS)
    instead: object = None
    """What stands in the place of each vector, unless it is None."""
    taken_for: Mapping[str, str] = field(default_factory=dict)
    """Texts that have the vector of another one."""
    turned: bool = False
    """Whether they come under each other's numbers."""
    base64: str = "<f"
    """struct's letter of a number."""
    sorted_ranks: bool = True
    by_place: bool = False
    """Whether the first documents have more points for being first."""
    repeats: bool = False
    """Whether one document is ranked twice."""

    def embedded(self, body: Mapping[str, Any]) -> list[dict[str, object]]:
        """`data` of an answer."""
        texts: Sequence[str] = body["input"]
        vectors = [self._vector(text, len(texts)) for text in texts]
        if self.uneven:
            vectors[0] = [*vectors[0], 1.0]
        places = range(len(texts))
        indices = reversed(places) if self.turned else places
        rows: list[dict[str, object]] = []
        for index, vector in zip(indices, vectors, strict=True):
            words = self._in_base64(vector) if "encoding_format" in body else vector
            embedding = words if self.instead is None else self.instead
            rows.append({"index": index, "embedding": embedding})
        return rows

    def ranked(self, body: Mapping[str, Any]) -> list[dict[str, object]]:
        """`results` of an answer."""
        wanted = self._vector(body["query"], 1)
        scores = []
        for place, text in enumerate(body["documents"]):
            score = sum(a * b for a, b in zip(wanted, self._vector(text, 1), strict=True))
            scores.append((score - place * self.by_place, place))
        scores.sort(reverse=self.sorted_ranks)
        rows: list[dict[str, object]] = [
            {"index": place, "relevance_score": score} for score, place in scores
        ]
        return [rows[0], *rows[:-1]] if self.repeats else rows

    def _vector(self, text: str, texts: int) -> list[float]:
        if self.zeros:
            return [0.0] * len(_LETTERS)
        counted = Counter("a" if self.all_alike else self.taken_for.get(text, text).lower())
        if self.batches_differ:
            counted["z"] += texts
        vector = [float(counted[letter]) for letter in _LETTERS[: self.dimensions]]
        norm = math.hypot(*vector) / self.length
        return [number / norm for number in vector]

    def _in_base64(self, vector: list[float]) -> str:
        order, letter = self.base64[0], self.base64[1]
        return base64.b64encode(struct.pack(f"{order}{len(vector)}{letter}", *vector)).decode()
