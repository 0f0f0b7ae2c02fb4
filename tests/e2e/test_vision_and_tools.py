"""Images and calls of tools, answered by a real llama.cpp engine through the demo's real gateway.

The model is tiny and random: what it says of an image means nothing. That the image reached it is
seen by its tokens in the prompt and by other words at the same seed.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from deploys.catalogue.tiny import write_tiny
from tests.batch.batch_files import names, read_lines, write_lines
from tests.catalogue.tiny_encoder import EMBEDDING, write_tiny_encoder
from tests.catalogue.tiny_images import bomb, data_url, png, seeing
from tests.catalogue.tiny_vision import TOKENS, write_tiny_tower
from tests.catalogue.tool_template import TOOL_TEMPLATE
from tests.e2e.checkout import Checkout, docker
from tests.e2e.conftest import open_folder, restore
from tests.lab import plain_http

pytestmark = [pytest.mark.docker, pytest.mark.root]

URL = "http://127.0.0.1:8080"
CHAT = "/v1/chat/completions"
GROUP_DATA = "inventories/group_data/local.py"
POOLS = """
pools["sight"] = {
    "model": "tiny-sight", "context_tokens": 1024, "slots": 2, "steady_seconds": 2,
    "image_limits": {"per_request": 2, "megapixels": 1},
}
pools["vectors"] = {
    "model": "tiny-embedding", "kind": "embeddings", "context_tokens": 256, "steady_seconds": 2,
}
"""
IMAGE = data_url(png(64, 48))
SCHEMA = {
    "type": "object",
    "properties": {"side": {"enum": ["port", "starboard"]}},
    "required": ["side"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {
        "name": "tide",
        "description": "When the tide turns.",
        "parameters": {
            "type": "object",
            "properties": {"harbour": {"enum": ["Kiel", "Brest"]}},
            "required": ["harbour"],
        },
    },
}
# A random model would never begin a call by itself.
CALLS: dict[str, object] = {
    "model": "sight", "messages": [{"role": "user", "content": "When does the tide turn?"}],
    "tools": [TOOL], "tool_choice": "required", "max_tokens": 300, "logit_bias": [["{", 100]],
}  # fmt: skip


@pytest.fixture(scope="module")
def served(demo: Checkout) -> Iterator[Checkout]:
    """The demo with a pool that sees, and one of vectors; put back afterwards."""
    with open_folder() as folder:
        try:
            model = write_tiny(folder / "tiny-sight.gguf", TOOL_TEMPLATE)
            tower = write_tiny_tower(folder / "mmproj-tiny-sight.gguf")
            demo.homeport(f"models add {model} --projector {tower}")
            vectors = write_tiny_encoder(folder / "tiny-embedding.gguf", "embedding")
            demo.homeport(f"models add {vectors}")
            words = demo.path / GROUP_DATA
            words.write_text(words.read_text() + POOLS)
            demo.homeport("render local")
            demo.homeport("apply local")
            yield demo
        finally:
            restore(demo)


def _asked(demo: Checkout, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {demo.key}"}
    return plain_http.post(f"{URL}{CHAT}", json=body, headers=headers, timeout=60)


def _seen(demo: Checkout, *urls: str) -> tuple[int, str]:
    """Tokens of the prompt, and what the model says to these images at one seed."""
    body = {**seeing(*urls, model="sight"), "seed": 7, "temperature": 0, "cache_prompt": False}
    answer = _asked(demo, body)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    words: str = document["choices"][0]["message"]["content"]
    return document["usage"]["prompt_tokens"], words


def _refused(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_an_image_is_answered_and_takes_its_tokens_of_the_prompt(served: Checkout) -> None:
    blind, _ = _seen(served)
    dark, says = _seen(served, data_url(png(64, 48, 0)))
    bright, says_else = _seen(served, data_url(png(64, 48, 255)))
    assert (dark - blind, bright - blind) == (TOKENS, TOKENS)
    assert says != says_else
    assert _seen(served, IMAGE, IMAGE)[0] - blind == 2 * TOKENS


def test_an_image_beyond_the_limit_never_reaches_the_engine(served: Checkout) -> None:
    code, name, words = _refused(_asked(served, seeing(data_url(bomb(1001, 1000)), model="sight")))
    assert (code, name) == (413, "image_too_large")
    assert "1 megapixels" in words
    code, name, words = _refused(_asked(served, seeing(IMAGE, IMAGE, IMAGE, model="sight")))
    assert (code, name) == (413, "too_many_images")
    assert words.endswith("takes: 2.")
    large = seeing(IMAGE + "A" * 33 * 2**20, model="sight")
    code, name, words = _refused(_asked(served, large))
    assert (code, name) == (413, "too_large")
    assert "32 MiB" in words


@contextmanager
def _web() -> Iterator[tuple[str, list[str]]]:
    """Where a server of this machine is reached from a container, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png(32, 32))

    network = "{{(index .IPAM.Config 0).Gateway}}"
    place = docker("network", "inspect", "--format", network, "homeport-local").strip()
    server = ThreadingHTTPServer((place, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{place}:{server.server_port}/image.png", asked
    finally:
        server.shutdown()
        server.server_close()


def test_what_a_url_names_is_not_fetched(served: Checkout) -> None:
    """Build 11669 of llama-server would fetch it, wherever it leads."""
    with _web() as (url, asked):
        code, name, _ = _refused(_asked(served, seeing(url, model="sight")))
        assert (code, name, asked) == (400, "image_by_url", [])
        code, name, _ = _refused(_asked(served, seeing("file:///etc/passwd", model="sight")))
        assert (code, name) == (400, "image_by_url")


def test_a_chat_without_eyes_is_told_so(served: Checkout) -> None:
    answer = _asked(served, seeing(IMAGE, model="chat"))
    assert answer.status_code >= 400
    assert "image" in answer.json()["error"]["message"]


def test_a_tool_is_called_as_its_schema_says(served: Checkout) -> None:
    choice = _asked(served, CALLS).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "tide"
    assert json.loads(call["function"]["arguments"])["harbour"] in ("Kiel", "Brest")


def test_a_streamed_call_comes_in_pieces_that_make_one(served: Checkout) -> None:
    answer = _asked(served, {**CALLS, "stream": True})
    pieces = [json.loads(one) for one in re.findall(r"^data: (\{.*\})$", answer.text, re.MULTILINE)]
    calls: list[dict[str, Any]] = [
        call["function"]
        for piece in pieces
        for choice in piece["choices"]
        for call in choice["delta"].get("tool_calls") or ()
    ]
    assert len(calls) > 1
    assert "".join(call.get("name") or "" for call in calls) == "tide"
    arguments = "".join(call.get("arguments") or "" for call in calls)
    assert json.loads(arguments)["harbour"] in ("Kiel", "Brest")


def test_an_answer_about_an_image_fits_its_schema(served: Checkout) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "side", "schema": SCHEMA}}
    body = {**seeing(IMAGE, model="sight"), "max_tokens": 200, "response_format": form}
    answer = _asked(served, body)
    assert answer.status_code == 200
    said = json.loads(answer.json()["choices"][0]["message"]["content"])
    assert said["side"] in ("port", "starboard")


def test_a_batch_of_every_kind_is_answered_and_what_is_too_large_is_a_dead_letter(
    served: Checkout,
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "side", "schema": SCHEMA}}
    structured = {**seeing(model="sight"), "max_tokens": 200, "response_format": form}
    bodies: dict[str, tuple[str, dict[str, object]]] = {
        "chat": (CHAT, seeing()),
        "vision": (CHAT, seeing(IMAGE, model="sight")),
        "structured": (CHAT, structured),
        "embeddings": ("/v1/embeddings", {"model": "vectors", "input": "a ship"}),
        "too large": (CHAT, seeing(data_url(bomb(1001, 1000)), model="sight")),
    }
    folder = served.path / ".homeport"
    lines = [
        {"custom_id": name, "method": "POST", "url": path, "body": body}
        for name, (path, body) in bodies.items()
    ]
    write_lines(folder / "kinds.jsonl", lines)
    served.homeport("batch run local .homeport/kinds.jsonl", expect=1)
    answers = {line["custom_id"]: line for line in read_lines(folder / "kinds.answers.jsonl")}
    assert answers.keys() == bodies.keys() - {"too large"}
    found = {name: line["response"]["body"] for name, line in answers.items()}
    assert found["vision"]["usage"]["prompt_tokens"] > TOKENS
    said = json.loads(found["structured"]["choices"][0]["message"]["content"])
    assert said["side"] in ("port", "starboard")
    assert len(found["embeddings"]["data"][0]["embedding"]) == EMBEDDING
    assert names(folder / "kinds.dead.jsonl") == ["too large"]
    assert "megapixels" in (folder / "kinds.dead.jsonl").read_text()


def test_every_check_holds_where_a_pool_sees(served: Checkout) -> None:
    """Memory as planned among them, of the tower too."""
    told = served.homeport("verify local")
    assert re.search(r"local: (\d+) of \1 checks passed", told)
    assert served.pending() == []
