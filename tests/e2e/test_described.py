"""schemathesis holds the demo's gateway and its real engines to the description of the API."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.conftest import restore
from tests.e2e.judged import Description, description, judge

pytestmark = [pytest.mark.docker, pytest.mark.root]

URL = "http://127.0.0.1:8080"
SERVED = ("gateway", "generation")
EXAMPLES = 20
SETTINGS = "inventories/group_data/local.py"
PORTS = '"admin_port": 8081'
WITHOUT_KEYS = '"anonymous": {"requests_per_minute": 60_000, "burst": 10_000}'


@pytest.fixture(scope="module")
def described(demo: Checkout) -> Iterator[Checkout]:
    """The demo, with room for all that is asked with wrong keys: a 429 says nothing of the key."""
    demo.edit(SETTINGS, PORTS, f"{PORTS}, {WITHOUT_KEYS}")
    for command in ("render local", "apply local --no-verify"):
        demo.homeport(command)
    yield demo
    restore(demo)


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """Drawn for each run, and said at its end."""
    return int(pytestconfig.option.hypothesis_seed)


def of_the_demo(document: Description) -> None:
    """Its paths, its one model, and answers that are short."""
    paths = {
        path: item
        for path, item in document["paths"].items()
        if all(set(operation["tags"]) <= set(SERVED) for operation in item.values())
    }
    document["paths"] = paths
    schemas = document["components"]["schemas"]
    schemas["ModelName"]["enum"] = ["chat"]
    schemas["Tokens"]["maximum"] = 8
    for name in ("ChatRequest", "CompletionRequest"):
        schemas[name]["required"].append("max_tokens")


def without_its_own_failures(document: Description) -> None:
    """No word of a client makes the gateway fail. Engines do: llama-server (build 11669) says 500
    to a text that is no string, and has 400 for other mistakes.
    """
    of_the_demo(document)
    engines = {"schema": {"$ref": "#/components/schemas/EngineError"}}
    document["components"]["responses"]["Failed"]["content"]["application/json"] = engines
    for operation in (one for item in document["paths"].values() for one in item.values()):
        for status in ("502", "503", "504"):
            operation["responses"].pop(status, None)


def test_what_is_asked_as_described_is_answered_as_described(
    described: Checkout, tmp_path: Path, seed: int, figure: Callable[[str], None]
) -> None:
    file = description(tmp_path, of_the_demo)
    code, said = judge(file, URL, described.key, "--mode", "positive", examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, as described: {cases(said)}")


def test_what_is_asked_otherwise_is_refused_as_described(
    described: Checkout, tmp_path: Path, seed: int, figure: Callable[[str], None]
) -> None:
    file = description(tmp_path, without_its_own_failures)
    options = ("--mode", "negative", "--exclude-checks", "not_a_server_error")
    code, said = judge(file, URL, described.key, *options, examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, otherwise: {cases(said)}")


def cases(said: str) -> str:
    """Its own count, once every operation was tested."""
    assert "Tested: 4" in said
    (words,) = (line.strip() for line in said.splitlines() if " generated, " in line)
    return words


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
