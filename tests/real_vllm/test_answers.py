"""What the real vLLM, deployed over SSH from the lab's registry, answers through the gateway."""

import json
from math import hypot
from typing import Any

import pytest

from tests.causes.logs import causes
from tests.lab.served import NAME, Served
from tests.lab.vllm_fleet import ADAPTER, CONTEXT_TOKENS
from tests.lab.vllm_models import EMBEDDING
from tests.real_vllm.asking import SCHEMA, TOOL, ask, chat, streamed, told

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]


def _fits(found: Any) -> None:  # noqa: ANN401 - JSON
    assert set(found) == {"colour", "count", "dry"}
    assert found["colour"] in ("red", "green")
    assert found["count"] in range(10)
    assert isinstance(found["dry"], bool)


def test_it_talks_and_says_who_it_is(on_vllm: Served) -> None:
    answer = chat(on_vllm, max_tokens=12)
    assert told(answer)["finish_reason"] == "length"
    assert told(answer)["message"]["content"]
    assert answer.json()["model"] == "chat"
    assert answer.json()["usage"]["completion_tokens"] == 12
    assert answer.json()["system_fingerprint"].startswith("vllm-0.32.0")


def test_a_stream_comes_in_pieces_and_has_an_end(on_vllm: Served) -> None:
    """On a busy machine vLLM tells several tokens at once."""
    *events, end = streamed(on_vllm, 200)
    assert end is None
    texts = [one["choices"][0]["delta"].get("content") for one in events if one and one["choices"]]
    assert len([text for text in texts if text]) > 20


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "paint"}}]
)
def test_a_call_of_a_tool_has_arguments_of_its_schema(on_vllm: Served, choice: object) -> None:
    found = told(chat(on_vllm, tools=[TOOL], tool_choice=choice, max_tokens=300))
    (call,) = found["message"]["tool_calls"]
    assert call["function"]["name"] == "paint"
    _fits(json.loads(call["function"]["arguments"]))


def test_an_answer_by_a_schema_is_json_of_that_schema(on_vllm: Served) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}
    found = told(chat(on_vllm, response_format=wanted, max_tokens=300))
    assert found["finish_reason"] == "stop"
    _fits(json.loads(found["message"]["content"]))


def test_a_pool_of_vectors_gives_one_of_unit_length_for_each_text(on_vllm: Served) -> None:
    texts = ["a ship comes in", "the port", "a ship comes in"]
    answer = ask(on_vllm, "/v1/embeddings", {"model": "vectors", "input": texts})
    assert answer.status_code == 200, answer.text
    vectors = [row["embedding"] for row in answer.json()["data"]]
    assert [len(vector) for vector in vectors] == [EMBEDDING] * 3
    assert [hypot(*vector) for vector in vectors] == pytest.approx([1, 1, 1], abs=1e-2)
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-2)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-2)


def test_an_adapter_answers_under_its_own_name_and_says_something_else(on_vllm: Served) -> None:
    plain, adapted = (chat(on_vllm, model=name, max_tokens=16) for name in ("chat", ADAPTER))
    assert adapted.json()["model"] == ADAPTER
    assert told(plain)["message"]["content"] != told(adapted)["message"]["content"]


def test_a_prompt_beyond_the_planned_context_is_refused_with_its_size(on_vllm: Served) -> None:
    """The tokenizer reads one byte as one token."""
    long = [{"role": "user", "content": "x" * 2 * CONTEXT_TOKENS}]
    answer = chat(on_vllm, messages=long)
    assert answer.status_code == 400
    assert f"maximum context length is {CONTEXT_TOKENS} tokens" in answer.json()["error"]["message"]
    # What a client logs of it: vLLM's own log has a line with the status alone.
    assert causes(answer.text) == ["request_too_long"]


def test_an_image_that_its_model_cannot_see_is_refused(on_vllm: Served) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    answer = chat(on_vllm, messages=[{"role": "user", "content": [image]}])
    assert answer.status_code == 400
    assert "not a multimodal model" in answer.json()["error"]["message"]
    assert causes(answer.text) == ["image_not_seen"]


def test_the_checks_find_a_fleet_on_vllm_well_and_without_drift(on_vllm: Served) -> None:
    names = ("hosts", "engines", "gateway", "answers")
    files = " ".join(f"checks/check_{name}.py" for name in names)
    on_vllm.checkout.run(f".venv/bin/pytest {files} --environment={NAME} -q")
    assert on_vllm.findings() == []
