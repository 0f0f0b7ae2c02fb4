"""The demo with a pool of vectors and a vector store, and what tests do to it."""

import json
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.catalogue.tiny_encoder import write_tiny_encoder
from tests.e2e.checkout import Checkout

CONTAINER = "homeport-local-vector_stores-postgresql-1"
WORDS = """
pools["vectors"] = {
    "model": "tiny-embedding", "kind": "embeddings",
    "context_tokens": 256, "slots": 2, "steady_seconds": 2,
}
retrieval = {"memory_mib": 512, "collections": {
    "texts": {"pool": "vectors"},
    "halves": {
        "pool": "vectors", "distance": "inner_product", "numbers": "half",
        "index": {"kind": "ivf", "lists": 2, "probes": 2},
    },
    "plain": {"pool": "vectors", "distance": "euclidean", "index": {"kind": "flat"}},
}}
"""
ROLES = 'gateways = ["@local"]\nvector_stores = ["@local"]'
GROUP_DATA = "inventories/group_data/local.py"


@dataclass(frozen=True)
class Stored:
    """The demo and its store, or another environment with one."""

    demo: Checkout
    environment: str = "local"
    reached: tuple[str, ...] = ()
    """What a command on the store's host begins with; nothing: it is this machine."""

    @property
    def container(self) -> str:
        """As the store's host calls it."""
        return f"homeport-{self.environment}-vector_stores-postgresql-1"

    def texts(self, name: str, count: int) -> Path:
        """A file of texts that no other name's file has, the same ones each time."""
        path = self.demo.path / ".homeport" / f"{name}.jsonl"
        lines = (
            json.dumps({"id": f"{name}-{n}", "text": _text(f"{name}-{n}")}) for n in range(count)
        )
        path.write_text("\n".join(lines) + "\n")
        return path

    def index(
        self, file: Path, *words: str, collection: str = "texts", expect: int = 0
    ) -> dict[str, Any]:
        """`homeport index ENV COLLECTION FILE --json`; what it says."""
        verb = f".venv/bin/homeport index {self.environment} {collection} {file}"
        command = f"{verb} --json {' '.join(words)}"
        document: dict[str, Any] = json.loads(self.demo.run(command, expect=expect).stdout)
        return document

    @contextmanager
    def indexing(self, file: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """The same under way, a text at a time: it takes long enough to be met half-way."""
        command = [".venv/bin/homeport", "index", self.environment, "texts", str(file), "--json"]
        command += ["--texts", "1", "--concurrency", "1", *words]
        with subprocess.Popen(
            command, cwd=self.demo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            yield process

    def rows(self, like: str, collection: str = "texts") -> int:
        """Of a collection, with ids that begin so; -1 while it is not there."""
        query = f"SELECT count(*) FROM vectors.{collection} WHERE id LIKE '{like}-%'"  # noqa: S608 - the test's own word
        found = self.sql(query, check=False).strip()
        return int(found) if found.isdecimal() else -1

    def log(self) -> str:
        """Everything that PostgreSQL's container has said."""
        done = subprocess.run(
            [*self.reached, "docker", "logs", self.container],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout + done.stderr

    def sql(self, query: str, *, check: bool = True) -> str:
        """As the superuser, from within the container."""
        words = "psql --no-psqlrc --tuples-only --no-align --host /tmp --username postgres homeport"
        inside = ["docker", "exec", "--interactive", self.container, "bash", "-c", words]
        command = [*self.reached, *inside]
        done = subprocess.run(command, input=query, capture_output=True, text=True, check=check)
        return done.stdout


def bring_up(demo: Checkout, folder: Path) -> Stored:
    """Deploys a store on the demo, and a pool of a model that is written into the folder."""
    path = write_tiny_encoder(folder / "tiny-embedding.gguf", "embedding")
    demo.homeport(f"models add {path}")
    demo.edit("inventories/local.py", 'gateways = ["@local"]', ROLES)
    words = demo.path / GROUP_DATA
    words.write_text(words.read_text() + WORDS)
    demo.homeport("render local")
    demo.homeport("apply local")
    return Stored(demo)


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Waits for what comes by itself."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def _text(name: str) -> str:
    letters = random.Random(name).choices("abcdefghijklmnopqrstuvwxyz", k=24)
    return " ".join(letters)
