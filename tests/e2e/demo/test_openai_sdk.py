"""OpenAI's own client, strict about every field, asks the demo's gateway and its real engines."""

import json
from collections.abc import Iterator
from typing import Literal

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from tests.e2e.checkout import Checkout

pytestmark = [pytest.mark.docker, pytest.mark.root]

URL = "http://127.0.0.1:8080/v1"
ASKED: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Which way is the port?"}]


class Light(BaseModel):
    """An answer whose length random weights cannot choose."""

    colour: Literal["red", "green"]
    lit: bool


@pytest.fixture(scope="module")
def client(demo: Checkout) -> Iterator[OpenAI]:
    """Without it the client believes whatever it is given; and it tries once."""
    with OpenAI(
        base_url=URL, api_key=demo.key, max_retries=0, _strict_response_validation=True
    ) as one:
        yield one


def test_models_are_listed(client: OpenAI) -> None:
    assert [one.id for one in client.models.list()] == ["chat"]


def test_a_chat_is_a_completion(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="chat", messages=ASKED, max_tokens=8)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 8
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8


def test_a_stream_is_chunks_and_ends_with_its_usage(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="chat",
            messages=ASKED,
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = [one.choices[0].delta.content for one in chunks if one.choices]
    assert "".join(filter(None, text)).strip()
    assert [one.choices[0].finish_reason for one in chunks if one.choices][-1] == "length"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


def test_a_stream_that_the_client_gathers_is_the_same_completion(client: OpenAI) -> None:
    # It takes an answer that was cut off for an error; the demo's come to an end by themselves.
    with client.chat.completions.stream(model="chat", messages=ASKED, max_tokens=1500) as stream:
        texts = [event.delta for event in stream if event.type == "content.delta"]
        answer = stream.get_final_completion()
    assert answer.choices[0].message.content == "".join(texts)


def test_an_answer_by_a_schema_is_parsed(client: OpenAI) -> None:
    answer = client.chat.completions.parse(
        model="chat", messages=ASKED, max_tokens=200, response_format=Light
    )
    assert isinstance(answer.choices[0].message.parsed, Light)


def test_what_is_said_beside_tools_is_what_the_client_knows(client: OpenAI) -> None:
    """The demo's template knows no tools; calls that come all the same have to be whole."""
    tool: ChatCompletionToolParam = {
        "type": "function",
        "function": {"name": "report", "parameters": Light.model_json_schema()},
    }
    answer = client.chat.completions.create(
        model="chat", messages=ASKED, max_tokens=200, tools=[tool]
    )
    message = answer.choices[0].message
    assert message.content or message.tool_calls
    for call in message.tool_calls or ():
        assert call.type == "function"
        assert isinstance(json.loads(call.function.arguments), dict)


def test_probabilities_are_as_the_client_knows_them(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="chat", messages=ASKED, max_tokens=2, logprobs=True, top_logprobs=2
    )
    told = answer.choices[0].logprobs
    assert told is not None
    assert told.content is not None
    assert len(told.content[0].top_logprobs) == 2


def test_a_text_is_completed(client: OpenAI) -> None:
    answer = client.completions.create(model="chat", prompt="ship", max_tokens=4)
    assert answer.choices[0].finish_reason in {"stop", "length"}


def test_a_wrong_key_is_the_clients_own_error(client: OpenAI) -> None:
    with pytest.raises((openai.AuthenticationError, openai.RateLimitError)) as raised:
        client.with_options(api_key="wrong").models.list()
    assert raised.value.code in {"wrong_key", "too_many_wrong_keys"}


def test_an_unknown_model_is_the_clients_own_error(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="no-such-model", messages=ASKED)
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")
    assert raised.value.request_id


def test_a_prompt_beyond_the_context_is_the_clients_own_error(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="context"):
        client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "port " * 5000}]
        )


def test_a_body_beyond_the_limit_is_the_clients_own_error(client: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "x" * (33 * 2**20)}]
        )
    assert (raised.value.status_code, raised.value.code) == (413, "too_large")
