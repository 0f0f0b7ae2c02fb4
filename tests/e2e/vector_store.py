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
from tests.e2e.checkout import Checkout, docker
from tests.e2e.conftest import open_folder, restore

CONTAINER = "homeport-local-vector_stores-postgresql-1"
WORDS = """
pools["vectors"] = {
    "model": "tiny-embedding", "kind": "embeddings",
    "context_tokens": 256, "slots": 2, "steady_seconds": 2,
}
retrieval = {"memory_mib": 512, "collections": {"texts": {"pool": "vectors"}}}
"""
GROUP_DATA = "inventories/group_data/local.py"


@dataclass(frozen=True)
class Stored:
    """The demo and its store."""

    demo: Checkout

    def texts(self, name: str, count: int) -> Path:
        """A file of texts that all differ in their letters, the same ones each time."""
        path = self.demo.path / ".homeport" / f"{name}.jsonl"
        lines = (json.dumps({"id": f"{name}-{n}", "text": _text(n)}) for n in range(count))
        path.write_text("\n".join(lines) + "\n")
        return path

    def index(self, file: Path, *words: str, expect: int = 0) -> dict[str, Any]:
        """`homeport index local texts FILE --json`; what it says."""
        command = f".venv/bin/homeport index local texts {file} --json {' '.join(words)}"
        document: dict[str, Any] = json.loads(self.demo.run(command, expect=expect).stdout)
        return document

    @contextmanager
    def indexing(self, file: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """The same under way."""
        command = [".venv/bin/homeport", "index", "local", "texts", str(file), "--json", *words]
        with subprocess.Popen(
            command, cwd=self.demo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            yield process

    def rows(self, like: str) -> int:
        """Of the collection, with ids that begin so; -1 while it is not there."""
        query = f"SELECT count(*) FROM vectors.texts WHERE id LIKE '{like}-%'"  # noqa: S608 - the test's own word
        found = self.sql(query, check=False).strip()
        return int(found) if found.isdecimal() else -1

    def sql(self, query: str, *, check: bool = True) -> str:
        """As the superuser, from within the container."""
        words = "psql --no-psqlrc --tuples-only --no-align --host /tmp --username postgres homeport"
        command = ["docker", "exec", "--interactive", CONTAINER, "bash", "-c", words]
        done = subprocess.run(command, input=query, capture_output=True, text=True, check=check)
        return done.stdout


@contextmanager
def store_on(demo: Checkout) -> Iterator[Stored]:
    """Brings the store up on the demo; afterwards the demo is as it was."""
    with open_folder() as folder:
        path = write_tiny_encoder(folder / "tiny-embedding.gguf", "embedding")
        demo.homeport(f"models add {path}")
        demo.edit("inventories/local.py", 'gateways = ["@local"]', ROLES)
        words = demo.path / GROUP_DATA
        words.write_text(words.read_text() + WORDS)
        demo.homeport("render local")
        demo.homeport("apply local")
        try:
            yield Stored(demo)
        finally:
            docker("rm", "--force", CONTAINER)
            restore(demo)


ROLES = 'gateways = ["@local"]\nvector_stores = ["@local"]'


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Waits for what comes by itself."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def _text(number: int) -> str:
    letters = random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=24)
    return " ".join(letters)
