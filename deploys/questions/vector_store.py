"""What the database of a vector store says of itself, and whether that is what a release wants."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from deploys.render.release_retrieval import CollectionRelease

FOLDER = "/srv/homeport/vector_store"


class Held(NamedTuple):
    """Whose vectors a collection holds, and how they are compared; this never changes."""

    model: str
    revision: str
    dimension: int
    distance: str
    numbers: str


@dataclass(frozen=True)
class StoreState:
    """Of one database; empty before there is one, and where it does not answer."""

    migrations: Mapping[str, str] = field(default_factory=dict)
    """File name -> sha256."""
    extension: tuple[str, str] = ("", "")
    """pgvector's version in the database, and in the image."""
    logins: frozenset[str] = frozenset()
    """Users who come in with the password that lies on the host."""
    collections: Mapping[str, Held] = field(default_factory=dict)


def question(container: str, database: str = "") -> str:
    """sh: asks within the container; prints nothing where there is none."""
    words = ["docker", "exec", container, "bash", f"{FOLDER}/tell-database", database]
    return f"{shlex.join(word for word in words if word)} 2>/dev/null || true"


def parse_state(output: Iterable[str]) -> StoreState:
    """Lines of words between bars, the first of which says what the others are."""
    rows: dict[str, list[list[str]]] = {}
    for line in output:
        kind, *words = line.split("|")
        rows.setdefault(kind, []).append(words)
    installed = [(row[0], row[1]) for row in rows.get("extension", ()) if len(row) == 2]
    return StoreState(
        {row[0]: row[1] for row in rows.get("migration", ()) if len(row) == 2},
        installed[0] if installed else ("", ""),
        frozenset(row[0] for row in rows.get("login", ()) if row),
        {
            row[0]: Held(row[1], row[2], int(row[3]), row[4], row[5])
            for row in rows.get("collection", ())
            if len(row) == 6
        },
    )


def wanted(collection: CollectionRelease) -> Held:
    """What a release says of it."""
    one = collection
    return Held(one.model, one.revision, one.dimension, one.distance, one.numbers)


def mismatches(
    held: Mapping[str, Held], collections: Mapping[str, CollectionRelease]
) -> Iterator[tuple[str, str]]:
    """Name -> what is otherwise, of the collections that are in both."""
    for name, there in sorted(held.items()):
        if name not in collections:
            continue
        here = wanted(collections[name])
        differing = [
            f"{word} {_short(old)}, not {_short(new)}"
            for word, old, new in zip(Held._fields, there, here, strict=True)
            if old != new
        ]
        if differing:
            yield name, "; ".join(differing)


def _short(value: object) -> str:
    """A sha256 as people compare it."""
    text = str(value)
    return text[:12] if len(text) == 64 else text
