"""Images and calls of tools, answered by a real llama.cpp engine through the demo's real gateway.

The model is tiny and random: what it says of an image means nothing. That the image reached it is
seen by its tokens in the prompt and by other words at the same seed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI, pydantic_function_tool
from openai.types.chat import ChatCompletionToolParam

from deploys.render.engines.service import PORT
from tests.batch.batch_files import names, read_lines, write_lines
from tests.catalogue.tiny_encoder import EMBEDDING
from tests.catalogue.tiny_images import bomb, data_url, png, seeing
from tests.catalogue.tiny_vision import TOKENS
from tests.e2e.checkout import Checkout, docker, open_folder
from tests.e2e.demo.conftest import restore
from tests.e2e.demo.seeing_pools import (
    CALLS,
    CHAT,
    IMAGE,
    LEANING,
    SCHEMA,
    TIDE,
    URL,
    Tide,
    asked,
    bring_up,
    refused,
    seen,
    web,
)

pytestmark = [pytest.mark.docker, pytest.mark.root]


@pytest.fixture(scope="module")
def served(demo: Checkout) -> Iterator[Checkout]:
    """The demo with pools of more kinds; put back afterwards."""
    with open_folder() as folder:
        try:
            bring_up(demo, folder)
            yield demo
        finally:
            restore(demo)


@pytest.fixture(scope="module")
def client(served: Checkout) -> Iterator[OpenAI]:
    """OpenAI's own, strict about every field; it tries once."""
    with OpenAI(
        base_url=f"{URL}/v1", api_key=served.key, max_retries=0, _strict_response_validation=True
    ) as one:
        yield one


def test_an_image_is_answered_and_takes_its_tokens_of_the_prompt(served: Checkout) -> None:
    blind, _ = seen(served)
    dark, says = seen(served, data_url(png(64, 48, 0)))
    bright, says_else = seen(served, data_url(png(64, 48, 255)))
    assert (dark - blind, bright - blind) == (TOKENS, TOKENS)
    assert says != says_else
    assert seen(served, IMAGE, IMAGE)[0] - blind == 2 * TOKENS


def test_an_image_beyond_the_limit_never_reaches_the_engine(served: Checkout) -> None:
    code, name, words = refused(asked(served, seeing(data_url(bomb(1001, 1000)), model="sight")))
    assert (code, name) == (413, "image_too_large")
    assert "1 megapixels" in words
    code, name, words = refused(asked(served, seeing(IMAGE, IMAGE, IMAGE, model="sight")))
    assert (code, name) == (413, "too_many_images")
    assert words.endswith("takes: 2.")
    large = seeing(IMAGE + "A" * 33 * 2**20, model="sight")
    code, name, words = refused(asked(served, large))
    assert (code, name) == (413, "too_large")
    assert "32 MiB" in words


def test_what_a_url_names_is_not_fetched(served: Checkout) -> None:
    """Build 11669 of llama-server would fetch it, wherever it leads."""
    with web() as (url, fetched):
        code, name, _ = refused(asked(served, seeing(url, model="sight")))
        assert (code, name, fetched) == (400, "image_by_url", [])
        code, name, _ = refused(asked(served, seeing("file:///etc/passwd", model="sight")))
        assert (code, name) == (400, "image_by_url")


def test_a_chat_without_eyes_is_told_so(served: Checkout) -> None:
    answer = asked(served, seeing(IMAGE, model="chat"))
    assert answer.status_code >= 400
    assert "image" in answer.json()["error"]["message"]


def test_a_tool_is_called_as_its_schema_says(served: Checkout) -> None:
    choice = asked(served, CALLS).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "tide"
    assert json.loads(call["function"]["arguments"])["harbour"] in ("Kiel", "Brest")


def test_a_streamed_call_comes_in_pieces_that_make_one(served: Checkout) -> None:
    answer = asked(served, {**CALLS, "stream": True})
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


def test_openais_client_reads_the_call_of_a_tool_whole_or_streamed(client: OpenAI) -> None:
    """Its own parser holds the arguments to the schema from which it made the tool."""
    tool: ChatCompletionToolParam = pydantic_function_tool(Tide, name="tide")
    words: dict[str, Any] = {
        "model": "sight", "messages": TIDE, "tools": [tool], "tool_choice": "required",
        "max_tokens": 300, "extra_body": LEANING,
    }  # fmt: skip
    whole = client.chat.completions.parse(**words)
    with client.chat.completions.stream(**words) as stream:
        streamed = stream.get_final_completion()
    for answer in (whole, streamed):
        (choice,) = answer.choices
        assert choice.finish_reason == "tool_calls"
        calls = [one.function for one in choice.message.tool_calls or ()]
        assert [one.name for one in calls] == ["tide"]
        assert isinstance(calls[0].parsed_arguments, Tide)


def test_openais_client_is_answered_about_an_image(client: OpenAI) -> None:
    def prompt_tokens(*urls: str) -> int:
        parts: Any = [{"type": "text", "text": "look"}]
        parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        answer = client.chat.completions.create(
            model="sight", messages=[{"role": "user", "content": parts}], max_tokens=8
        )
        assert answer.choices[0].message.content
        assert answer.usage is not None
        return answer.usage.prompt_tokens

    assert prompt_tokens(IMAGE) - prompt_tokens() == TOKENS


def test_an_answer_about_an_image_fits_its_schema(served: Checkout) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "side", "schema": SCHEMA}}
    body = {**seeing(IMAGE, model="sight"), "max_tokens": 200, "response_format": form}
    answer = asked(served, body)
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


def test_guessed_words_are_taken_where_they_are_right_and_change_no_answer(
    served: Checkout,
) -> None:
    """A sentence that has stood in the prompt twice is guessed when it begins anew."""
    words = [{"role": "user", "content": "by each. open wall old summer each by each. open wall"}]
    body = {"messages": words, "temperature": 0, "max_tokens": 100}
    quick = asked(served, {**body, "model": "quick"}).json()
    plain = asked(served, {**body, "model": "chat"}).json()
    assert quick["choices"][0]["message"] == plain["choices"][0]["message"]
    ask = ("curl", "--silent", f"http://127.0.0.1:{PORT}/metrics")
    metrics = docker("exec", "homeport-local-gpu_hosts-quick-1-1", *ask)
    accepted = re.search(r"^llamacpp:spec_decode_num_accepted_tokens_total (\d+)", metrics, re.M)
    assert accepted is not None
    assert int(accepted[1]) > 0


def test_every_check_holds_where_a_pool_sees(served: Checkout) -> None:
    """Memory as planned among them, of the tower too."""
    told = served.homeport("verify local")
    assert re.search(r"local: (\d+) of \1 checks passed", told)
    assert served.pending() == []
