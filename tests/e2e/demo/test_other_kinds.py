"""Vectors and ranks by real llama.cpp engines, through the demo's real gateway."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from openai import OpenAI

from tests.catalogue.tiny_encoder import EMBEDDING, write_tiny_encoder
from tests.e2e.checkout import Checkout, open_folder
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
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.root]

URL = "http://127.0.0.1:8080"
# The engine's own model has 2,048 places for tokens.
LONGEST_TOKENS = 1024
POOLS = """
pools["vectors"] = {"model": "tiny-embedding", "kind": "embeddings"} | PLAIN
pools["ranks"] = {"model": "tiny-rerank", "kind": "reranking"} | PLAIN
"""
# Tag of what is described -> the pool that answers it.
DESCRIBED = {"embeddings": "vectors", "reranking": "ranks"}
EXAMPLES = 10
PLAIN = f'PLAIN = {{"context_tokens": {LONGEST_TOKENS}, "slots": 2, "steady_seconds": 2}}\n'


@pytest.fixture(scope="module")
def served(demo: Checkout) -> Iterator[Checkout]:
    """The demo with a pool of each kind more; put back afterwards."""
    with open_folder() as folder:
        kinds: tuple[Literal["embedding", "rerank"], ...] = ("embedding", "rerank")
        try:
            for kind in kinds:
                path = write_tiny_encoder(folder / f"tiny-{kind}.gguf", kind)
                demo.homeport(f"models add {path}")
            words = demo.path / "inventories/group_data/local.py"
            words.write_text(words.read_text() + PLAIN + POOLS + "del PLAIN\n")
            demo.homeport("render local")
            demo.homeport("apply local")
            yield demo
        finally:
            restore(demo)


def _asked(demo: Checkout, path: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {demo.key}"}
    return plain_http.post(f"{URL}{path}", json=body, headers=headers, timeout=60)


def test_a_pool_of_vectors_gives_one_for_each_text(served: Checkout) -> None:
    texts = ["a ship comes in", "the port", "a ship comes in"]
    answer = _asked(served, "/v1/embeddings", {"model": "vectors", "input": texts})
    assert answer.status_code == 200
    vectors = [row["embedding"] for row in answer.json()["data"]]
    assert [len(vector) for vector in vectors] == [EMBEDDING] * 3
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-4)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-2)


def test_the_longest_text_is_computed_at_once(served: Checkout) -> None:
    """A token a letter, and two for its ends: twice llama-server's default micro-batch."""
    text = "a " * (LONGEST_TOKENS - 2)
    answer = _asked(served, "/v1/embeddings", {"model": "vectors", "input": text})
    assert answer.status_code == 200
    assert answer.json()["usage"]["prompt_tokens"] == LONGEST_TOKENS


def test_a_pool_of_ranks_orders_all_documents(served: Checkout) -> None:
    body = {"model": "ranks", "query": "port", "documents": ["a ship", "cranes", "a port"]}
    answer = _asked(served, "/v1/rerank", body)
    assert answer.status_code == 200
    assert sorted(row["index"] for row in answer.json()["results"]) == [0, 1, 2]


@pytest.mark.parametrize("model", ["vectors", "ranks"])
def test_a_chat_with_a_pool_of_another_kind_is_refused_by_the_gateway(
    served: Checkout, model: str
) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    answer = _asked(served, "/v1/chat/completions", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_path")


def test_every_check_holds_for_all_kinds(served: Checkout) -> None:
    """Memory as planned among them: an encoder keeps no cache."""
    told = served.homeport("verify local")
    assert re.search(r"local: (\d+) of \1 checks passed", told)
    assert "vectors-1" in told


def test_a_replica_of_vectors_is_replaced_after_it_was_proved(served: Checkout) -> None:
    served.edit("inventories/group_data/local.py", '"slots": 2, "steady', '"slots": 3, "steady')
    served.homeport("render local")
    told = served.homeport("apply local")
    assert "replaced, and answers right" in told
    answer = _asked(served, "/v1/embeddings", {"model": "vectors", "input": "a ship"})
    assert answer.status_code == 200


def test_openais_client_takes_the_vectors_however_it_asks_for_them(served: Checkout) -> None:
    """By itself it asks for base64, which it decodes only where it is not strict."""
    with OpenAI(base_url=f"{URL}/v1", api_key=served.key, max_retries=0) as client:
        strict = client.with_options(_extra_kwargs={"_strict_response_validation": True})
        answers = [
            client.embeddings.create(model="vectors", input=["a ship"]),
            strict.embeddings.create(model="vectors", input=["a ship"], encoding_format="float"),
        ]
    vectors = [answer.data[0].embedding for answer in answers]
    assert [len(vector) for vector in vectors] == [EMBEDDING] * 2
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-4)


@pytest.fixture(scope="module")
def described(served: Checkout) -> Checkout:
    """The same, with room for all that is asked with wrong keys."""
    give_room(served)
    return served


@pytest.mark.parametrize("kind", DESCRIBED)
def test_a_pool_of_each_kind_answers_as_described(
    described: Checkout, tmp_path: Path, kind: str, seed: int, figure: Callable[[str], None]
) -> None:
    file = description(tmp_path, lambda document: narrowed(document, {kind}, DESCRIBED[kind]))
    code, said = judge(file, URL, described.key, "--mode", "positive", examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, {kind} as described: {cases(said, 1)}")


@pytest.mark.parametrize("kind", DESCRIBED)
def test_what_a_pool_of_each_kind_is_asked_otherwise_is_refused_as_described(
    described: Checkout, tmp_path: Path, kind: str, seed: int, figure: Callable[[str], None]
) -> None:
    def of_its_kind(document: Description) -> None:
        narrowed(document, {kind}, DESCRIBED[kind])
        without_failures_of_the_gateway(document)
        # Asked for the best none, llama-server (build 11669) gives none.
        del document["components"]["schemas"]["Ranking"]["properties"]["results"]["minItems"]

    file = description(tmp_path, of_its_kind)
    options = ("--mode", "negative", "--exclude-checks", "not_a_server_error")
    code, said = judge(file, URL, described.key, *options, examples=EXAMPLES, seed=seed)
    assert code == 0, said
    figure(f"schemathesis, {kind} otherwise: {cases(said, 1)}")
