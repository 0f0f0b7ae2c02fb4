"""The demo with pools that see, call tools, guess ahead and make vectors; what they are asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import httpx
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from deploys.catalogue.tiny import write_tiny
from tests.catalogue.tiny_encoder import write_tiny_encoder
from tests.catalogue.tiny_images import data_url, png, seeing
from tests.catalogue.tiny_vision import write_tiny_tower
from tests.catalogue.tool_template import TOOL_TEMPLATE
from tests.e2e.checkout import Checkout, docker
from tests.lab import plain_http

URL = "http://127.0.0.1:8080"
CHAT = "/v1/chat/completions"
GROUP_DATA = "inventories/group_data/local.py"
POOLS = """
pools["sight"] = {
    "model": "tiny-sight", "context_tokens": 1024, "slots": 2, "steady_seconds": 2,
    "image_limits": {"per_request": 2, "megapixels": 1},
}
pools["quick"] = {
    **pools["chat"], "replicas": 1, "rollout": "auto", "engine": "llamacpp", "steady_seconds": 2,
    "drafts": {"tokens": 8, "longest_match": 4},
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
TIDE: list[ChatCompletionMessageParam] = [{"role": "user", "content": "When does the tide turn?"}]
# What OpenAI's client passes on as it stands: a random model begins no call by itself.
LEANING = {"logit_bias": CALLS["logit_bias"]}


class Tide(BaseModel):
    """When the tide turns."""

    harbour: Literal["Kiel", "Brest"]


def bring_up(demo: Checkout, folder: Path) -> None:
    """Deploys the pools, of models that are written into the folder."""
    model = write_tiny(folder / "tiny-sight.gguf", TOOL_TEMPLATE)
    tower = write_tiny_tower(folder / "mmproj-tiny-sight.gguf")
    demo.homeport(f"models add {model} --projector {tower}")
    vectors = write_tiny_encoder(folder / "tiny-embedding.gguf", "embedding")
    demo.homeport(f"models add {vectors}")
    words = demo.path / GROUP_DATA
    words.write_text(words.read_text() + POOLS)
    demo.homeport("render local")
    demo.homeport("apply local")


def asked(demo: Checkout, body: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {demo.key}"}
    return plain_http.post(f"{URL}{CHAT}", json=body, headers=headers, timeout=60)


def seen(demo: Checkout, *urls: str) -> tuple[int, str]:
    """Tokens of the prompt, and what the model says to these images at one seed."""
    body = {**seeing(*urls, model="sight"), "seed": 7, "temperature": 0, "cache_prompt": False}
    answer = asked(demo, body)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    words: str = document["choices"][0]["message"]["content"]
    return document["usage"]["prompt_tokens"], words


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


@contextmanager
def web() -> Iterator[tuple[str, list[str]]]:
    """Where a server of this machine is reached from a container, and what it was asked for."""
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fetched.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png(32, 32))

    network = "{{(index .IPAM.Config 0).Gateway}}"
    place = docker("network", "inspect", "--format", network, "homeport-local").strip()
    server = ThreadingHTTPServer((place, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{place}:{server.server_port}/image.png", fetched
    finally:
        server.shutdown()
        server.server_close()
