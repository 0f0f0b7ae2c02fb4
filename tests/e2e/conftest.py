"""The demo, deployed once for all tests that need it, from a clean checkout."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, make_checkout


@pytest.fixture(scope="session")
def clean_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A clean checkout in an empty folder."""
    return make_checkout(tmp_path_factory.mktemp("clone") / "homeport")


@pytest.fixture(scope="session")
def demo_output(clean_checkout: Checkout) -> Iterator[str]:
    """What the first `make demo` in the clean checkout prints; taken down afterwards."""
    done = clean_checkout.run("make demo")
    yield done.stdout + done.stderr
    clean_checkout.run("make demo-down", expect=None)


@pytest.fixture(scope="session")
def demo(clean_checkout: Checkout, demo_output: str) -> Checkout:
    """The checkout whose demo runs."""
    assert demo_output
    return clean_checkout


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    return tmp_path
