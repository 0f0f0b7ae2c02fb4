"""Chats as clients ask them: what an answer says, how it ends, how long and how often the same."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from checks.asking import Model, ask, generating, stream
from checks.chat import choice, completion, message_of, said, text_and_usage
from checks.fleet import Fleet
from checks.probes.gateway import Gateway, Stream
from checks.promised import context_tokens
from checks.refusals import require_engines_refusal
from checks.replica_addresses import answering_replica, replicas_by_address
from checks.results import NOTE
from checks.sense import broken_template, is_generated, nonsense, text_of
from checks.verdict import fail, require

QUESTION = [{"role": "user", "content": "Tell me in two sentences what a harbour is for."}]
ANSWER_TOKENS = 64
# Sampled answers may go astray once.
TRIES = 3
# Every answer has one of these, if only in its first word.
STOPS = [" ", "\n", "e", "a"]
COUNTED: Mapping[str, Any] = {"stream_options": {"include_usage": True}}
SAME = {"temperature": 0, "seed": 7, "messages": QUESTION}
# More than one block of any cache, and more bytes than any proxy's buffers hold.
LONG_TOKENS = 1024
# Proxies and balancers end what takes a minute, by default. For no slow model any longer.
LONG_SECONDS = 75
TEMPLATE = "the model's chat template or its end-of-text token does not fit the engine"


def check_answers_read_like_answers(gateway: Gateway, fleet: Fleet) -> None:
    """Nothing of the chat template; and where weights are not random, no endless repetition."""
    judge = broken_template if is_generated(fleet) else nonsense
    for one in generating(gateway, fleet):
        troubles = []
        for _ in range(TRIES):
            answer = ask(gateway, one, ANSWER_TOKENS, messages=QUESTION)
            text = text_of(completion(one.name, answer)[0])
            if not (trouble := judge(text)):
                break
            troubles.append(f"{trouble}: {text[:200]}")
        require(len(troubles) < TRIES, f"{one.name}: {' '.join(troubles[-1:])}", TEMPLATE)


def check_answers_end_where_they_were_told_to(gateway: Gateway, fleet: Fleet) -> None:
    """After `max_tokens`, saying so; and before a word of `stop`."""
    remedy = "a proxy before the engine that drops words of the body, or the engine's version"
    for one in generating(gateway, fleet):
        answer = ask(gateway, one, 2, messages=QUESTION)
        _, reason = completion(one.name, answer)
        came = text_and_usage(answer)[1].get("completion_tokens")
        found = f"{one.name}: 2 tokens were asked for, and {came} came"
        require(came in (1, 2), found, remedy)
        found = f"{one.name}: an answer that was cut off at 2 tokens ends with {reason}, not length"
        require(reason == "length" or came == 1, found, remedy)
        answer = ask(gateway, one, ANSWER_TOKENS, messages=QUESTION, stop=STOPS)
        message, reason = completion(one.name, answer)
        text = text_of(message)
        found = f"{one.name}: {text[:200]!r} was to stop before each of {STOPS}, and ends: {reason}"
        require(reason == "stop" and not any(stop in text for stop in STOPS), found, remedy)


def check_streams_hold_whole_events(gateway: Gateway, fleet: Fleet) -> None:
    """Every event is an object, none is an error, and the end says why and how many tokens."""
    remedy = "the engine's log of that time; a proxy that changes what streams hold"
    for one in generating(gateway, fleet):
        answer = stream(gateway, one, ANSWER_TOKENS, messages=QUESTION, **COUNTED)
        events = _events(one, answer)
        text = "".join(text_of(message_of(event)) for event in events)
        require(text, f"{one.name}: a stream without a word", TEMPLATE)
        require(not broken_template(text), f"{one.name}: {broken_template(text)}", TEMPLATE)
        ends = [choice(event).get("finish_reason") for event in events]
        reasons = [reason for reason in ends if reason is not None]
        found = f"{one.name}: the stream ends with {reasons or 'no finish_reason'}"
        require(reasons in (["stop"], ["length"]), found, remedy)
        found = f"{one.name}: a stream that was to say its usage does not"
        require(_counted(events), found, remedy)


def check_what_is_longer_than_the_context_is_refused_clearly(
    gateway: Gateway, fleet: Fleet
) -> None:
    """400 and why: neither a prompt that was cut in silence nor a failure that clients repeat."""
    remedy = "a shorter prompt is the client's part; the engine must refuse, not shift its context"
    for one in generating(gateway, fleet):
        tokens = context_tokens(fleet, one)
        if tokens is None:
            continue
        # A word is a token at least, whatever the vocabulary.
        messages = [{"role": "user", "content": "a b " * (tokens // 2 + 128)}]
        answer = ask(gateway, one, 1, messages=messages)
        asked = f"{one.name}: a prompt of more than {tokens} tokens"
        require_engines_refusal(answer, 400, asked, remedy)


def check_long_answers_come_whole(gateway: Gateway, fleet: Fleet) -> None:
    """All of its tokens, more than proxies buffer; of a slow model for longer than they wait, and
    no further.
    """
    remedy = "time limits and buffers of every proxy between the engine and this machine"
    for one in generating(gateway, fleet):
        tokens = min(LONG_TOKENS, (context_tokens(fleet, one) or LONG_TOKENS) // 2)
        words = {"messages": QUESTION, "ignore_eos": True, **COUNTED}
        answer = stream(gateway, one, tokens, LONG_SECONDS, **words)
        require(answer.answer.status == 200, f"{one.name}: {said(answer.answer)}", remedy)
        lasted = answer.arrivals_seconds[-1] if answer.arrivals_seconds else 0
        found = f"{one.name}: an answer of {tokens} tokens broke off after {lasted:.0f} s"
        if lasted > LONG_SECONDS:
            continue
        require(answer.events[-1:] == ("[DONE]",), found, remedy)
        came = _counted(event for event in map(_object, answer.events) if event)
        found = f"{one.name}: an answer of {tokens} tokens ended after {came}, and said [DONE]"
        # An engine that does not count at all fails the check of streams.
        require(came in (None, tokens), found, "what ends answers early: " + remedy)


def check_whether_a_seed_repeats_an_answer(
    gateway: Gateway, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    """A report and no verdict: batches that others are in change the last bits of every sum."""
    replicas = replicas_by_address(fleet)
    for one in generating(gateway, fleet):
        answers = [ask(gateway, one, 32, **SAME) for _ in range(2)]
        first, second = (text_of(completion(one.name, answer)[0]) for answer in answers)
        if first != second:
            by = " and ".join(sorted({answering_replica(answer, replicas) for answer in answers}))
            words = f"{one.name}: temperature 0 and a seed gave two different answers, by {by}"
            record_property(NOTE, words)


def _events(model: Model, answer: Stream) -> list[dict[str, Any]]:
    require(
        answer.answer.status == 200, f"{model.name}: {said(answer.answer)}", "see check_engines"
    )
    found = []
    for words in answer.events:
        if words == "[DONE]":
            continue
        event = _object(words)
        if event is None or "error" in event:
            fail(
                f"{model.name}: inside a stream that began well: {words[:200]}",
                "the engine's log of that time: `docker logs` of its container",
            )
        found.append(event)
    return found


def _object(words: str) -> dict[str, Any] | None:
    """What one event holds; None: no object."""
    try:
        event = json.loads(words)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _counted(events: Iterable[Mapping[str, Any]]) -> int | None:
    """The tokens of a streamed answer, by its last usage; None: it has none."""
    said = [event["usage"] for event in events if isinstance(event.get("usage"), dict)]
    found = said[-1].get("completion_tokens") if said else None
    return found if isinstance(found, int) else None
