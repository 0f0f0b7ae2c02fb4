"""What applications build upon: calls of tools, answers by a schema, pictures."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from checks.asking import Model, ask, generating
from checks.chat import completion, said, text_and_usage
from checks.fleet import Fleet
from checks.picture import picture_url
from checks.probes.gateway import Answer, Gateway
from checks.promised import CALLS_TOOLS, SEES, promises
from checks.results import NOTE
from checks.sense import is_generated, text_of
from checks.verdict import fail, require

# Models that think do so first.
ROOM_TOKENS = 512
COLOURS = ("red", "green")
ASKED = [{"role": "user", "content": "The light in port is red and not lit. Report it."}]
# Nothing in it can grow: random weights come to its end as well.
SHAPE = {
    "type": "object",
    "properties": {"colour": {"enum": list(COLOURS)}, "lit": {"type": "boolean"}},
    "required": ["colour", "lit"],
    "additionalProperties": False,
}
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "light", "strict": True, "schema": SHAPE},
}
TOOL = {"name": "report_light", "description": "Reports a light.", "parameters": SHAPE}
SEEN = "What colour is this picture? Say one word."


def check_answers_keep_to_a_schema(gateway: Gateway, fleet: Fleet) -> None:
    """JSON of exactly the shape that `response_format` asks for, whatever the weights say."""
    remedy = "the engine's grammar or guided decoding; a proxy that drops words of the body"
    for one in generating(gateway, fleet):
        answer = ask(gateway, one, ROOM_TOKENS, messages=ASKED, response_format=FORMAT)
        message, reason = completion(one.name, answer)
        if reason == "length":
            fail(
                f"{one.name}: no end within {ROOM_TOKENS} tokens: {text_of(message)[:200]}", remedy
            )
        words = message.get("content")
        found = f"{one.name}: by the schema it should be a light, and is {str(words)[:200]}"
        require(_is_light(words), found, remedy)


def check_tools_are_called_as_they_are_described(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """Where a model calls tools: by a name that was offered, with arguments as JSON in a string.

    One whose template knows no tools is told, and fails only where its engine is to find calls.
    """
    tools = [{"type": "function", "function": TOOL}]
    for one in generating(gateway, fleet):
        answer = ask(gateway, one, ROOM_TOKENS, messages=ASKED, tools=tools, tool_choice="required")
        calls = _calls(one, answer)
        if calls:
            _judge(one, calls[0])
            continue
        words = f"{one.name}: it calls no tools: its chat template or its engine knows none"
        require(not promises(fleet, one, CALLS_TOOLS), words, "`tool_parser` of another model?")
        record_property(NOTE, words)


def check_pictures_are_seen_or_refused(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """A picture adds to the prompt's tokens, or is refused; it never vanishes.

    What a model says of it is told and judges nothing: models are no oracles.
    """
    for one in generating(gateway, fleet):
        answer = ask(gateway, one, ROOM_TOKENS, messages=_shown(picture_url(255, 0, 0)))
        if answer.status != 200:
            found = f"{one.name}: it is served to see pictures, and {said(answer)}"
            require(not promises(fleet, one, SEES), found, "`docker logs` of its engine")
            continue
        without = ask(gateway, one, 1, messages=_shown())
        counted = [text_and_usage(each)[1].get("prompt_tokens") for each in (answer, without)]
        found = (
            f"{one.name}: with a picture the prompt has {counted[0]} tokens, {counted[1]} without"
        )
        remedy = "the engine drops what it cannot see: a projector for this model, or a refusal"
        require(_more(*counted), found, remedy)
        text = text_of(completion(one.name, answer)[0])
        if COLOURS[0] not in text.lower() and not is_generated(fleet):
            record_property(NOTE, f"{one.name} saw a red picture and said {text[:80]!r}")


def _is_light(words: object) -> bool:
    try:
        light = json.loads(words) if isinstance(words, str) else None
    except ValueError:
        return False
    if not isinstance(light, dict) or light.keys() != {"colour", "lit"}:
        return False
    return light["colour"] in COLOURS and isinstance(light["lit"], bool)


def _calls(model: Model, answer: Answer) -> list[Any]:
    """None where the model only talks, or its engine refuses tools."""
    if answer.status in (400, 422, 501):
        return []
    calls = completion(model.name, answer)[0].get("tool_calls")
    return calls if isinstance(calls, list) else []


def _judge(model: Model, call: Any) -> None:  # noqa: ANN401  JSON
    function = call.get("function") if isinstance(call, dict) else None
    asked: Mapping[str, Any] = function if isinstance(function, dict) else {}
    remedy = "the tool parser that fits the model; the engine's version"
    found = f"{model.name}: it calls {asked.get('name')!r}, offered was {TOOL['name']!r}"
    require(asked.get("name") == TOOL["name"], found, remedy)
    words = asked.get("arguments")
    found = f"{model.name}: its arguments are no JSON in a string as described: {str(words)[:200]}"
    require(_is_light(words), found, remedy)
    require(call.get("id"), f"{model.name}: its call has no id to answer to", remedy)


def _shown(*pictures: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": SEEN}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in pictures]
    return [{"role": "user", "content": parts}]


def _more(one: object, other: object) -> bool:
    return isinstance(one, int) and isinstance(other, int) and one > other
