"""schemathesis holds the demo's gateway and its real engines to the description of the API."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.demo.conftest import restore
from tests.e2e.demo.judged import (
    Description,
    cases,
    description,
    give_room,
    judge,
    narrowed,
    without_failures_of_the_gateway,
)

pytestmark = [pytest.mark.docker, pytest.mark.root]

URL = "http://127.0.0.1:8080"
SERVED = ("gateway", "generation")
OPERATIONS = 4
EXAMPLES = 20


@pytest.fixture(scope="module")
def described(demo: Checkout) -> Iterator[Checkout]:
    """The demo, with room for all that is asked with wrong keys."""
    give_room(demo)
    yield demo
    restore(demo)


def of_the_demo(document: Description) -> None:
    """Its paths, its one model, and answers that are short."""
    narrowed(document, SERVED, "chat")


def without_its_own_failures(document: Description) -> None:
    """Of the demo, whose gateway fails by no word of a client."""
    of_the_demo(document)
    without_failures_of_the_gateway(document)


def test_what_is_asked_as_described_is_answered_as_described(
    described: Checkout, tmp_path: Path, seed: int, figure: Callable[[str], None]
) -> None:
    file = description(tmp_path, of_the_demo)
    code, said = judge(file, URL, described.key, "--mode", "positive", examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, as described: {cases(said, OPERATIONS)}")


def test_what_is_asked_otherwise_is_refused_as_described(
    described: Checkout, tmp_path: Path, seed: int, figure: Callable[[str], None]
) -> None:
    file = description(tmp_path, without_its_own_failures)
    options = ("--mode", "negative", "--exclude-checks", "not_a_server_error")
    code, said = judge(file, URL, described.key, *options, examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, otherwise: {cases(said, OPERATIONS)}")


def without_404(document: Description) -> None:
    """Says of a status that occurs that it does not."""
    of_the_demo(document)
    del document["paths"]["/v1/chat/completions"]["post"]["responses"]["404"]


def test_a_status_that_is_not_described_is_found(
    described: Checkout, tmp_path: Path, seed: int
) -> None:
    file = description(tmp_path, without_404)
    chat = ("--include-path", "/v1/chat/completions", "--mode", "negative")
    code, said = judge(file, URL, described.key, *chat, examples=EXAMPLES, seed=seed)
    assert code == 1
    assert "Undocumented status code" in said
    assert "404" in said


def test_a_path_that_needs_no_key_where_one_is_promised_is_found(
    described: Checkout, tmp_path: Path, seed: int
) -> None:
    def with_a_key(document: Description) -> None:
        del document["paths"]["/healthz"]["get"]["security"]

    file = description(tmp_path, with_a_key)
    health = ("--include-path", "/healthz")
    code, said = judge(file, URL, described.key, *health, examples=1, seed=seed)
    assert code == 1
    assert "authentication" in said
