"""The demo, deployed once for all tests of this folder, from a clean checkout."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, docker, make_checkout, open_folder
from tests.e2e.vector_store import CONTAINER, Stored, bring_up

# Where the kit notes a Docker daemon that it started, to stop it again.
STARTED_BY_THE_KIT = Path("/run/homeport/dockerd.pid")


@pytest.fixture(scope="package")
def clean_checkout() -> Iterator[Checkout]:
    """A clean checkout in an empty folder."""
    with open_folder() as folder:
        yield make_checkout(folder / "homeport")


@pytest.fixture(scope="package")
def demo_output(clean_checkout: Checkout) -> Iterator[str]:
    """What the first `make demo` in the clean checkout prints; taken down afterwards."""
    done = clean_checkout.run("make demo")
    kept = STARTED_BY_THE_KIT.with_suffix(".kept")
    # Tests take the demo down half-way; other tests still need the daemon then, so that until the
    # end it counts as somebody else's.
    if STARTED_BY_THE_KIT.exists():
        STARTED_BY_THE_KIT.rename(kept)
    yield done.stdout + done.stderr
    if kept.exists():
        kept.rename(STARTED_BY_THE_KIT)
    clean_checkout.run("make demo-down", expect=None)


@pytest.fixture(scope="package")
def demo(clean_checkout: Checkout, demo_output: str) -> Checkout:
    """The checkout whose demo runs."""
    assert demo_output
    return clean_checkout


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """Drawn for each run, and said at its end."""
    return int(pytestconfig.option.hypothesis_seed)


@pytest.fixture
def changed(demo: Checkout) -> Iterator[Checkout]:
    """The running demo for a test that changes it; put back and converged afterwards."""
    yield demo
    restore(demo)


def restore(demo: Checkout) -> None:
    """Brings tree and machine back to what make_checkout left."""
    make_checkout(demo.path)
    for command in ("render local", "apply local --no-verify"):
        demo.homeport(command)


@pytest.fixture(scope="module")
def stored(demo: Checkout) -> Iterator[Stored]:
    """The demo with a pool of vectors and a vector store, for all tests of one file."""
    with open_folder() as folder:
        try:
            yield bring_up(demo, folder)
        finally:
            docker("rm", "--force", CONTAINER)
            # The next file's store begins with nothing.
            shutil.rmtree(demo.directory / "state" / "vector_store", ignore_errors=True)
            restore(demo)


@pytest.fixture(scope="module")
def filled(stored: Stored) -> Stored:
    """The same with forty texts in it."""
    stored.index(stored.texts("some", 40))
    return stored


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that every user may pass."""
    with open_folder() as folder:
        yield folder
