"""What the fake gateway's models say: as they should, or wrong in one way at a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

LIGHT = json.dumps({"colour": "red", "lit": False})
Refusal = tuple[int, Mapping[str, object]]


@dataclass
class FakeChats:
    """The defaults are right."""

    context_tokens: int = 2048
    overflow_status: int = 400
    overflow_words: str = "the prompt is longer than the context"
    overflow_type: str = "exceed_context_size_error"
    overflow_code: object = None
    """None: the status."""
    longest_tokens: int = 10**6
    """A long answer ends quietly after so many."""
    keeps_to_stop: bool = True
    keeps_to_length: bool = True
    reason_at_length: str = "length"
    light: str = LIGHT
    """What it answers by a schema, and as a tool's arguments."""
    light_ends: str = "stop"
    calls: str = "report_light"
    """The tool that it calls; empty: none."""
    call_id: str = "call-1"
    arguments: object = LIGHT
    sees: bool = False
    takes_pictures: bool = False
    stream_text: str = "x"
    stream_ends: str | None = "stop"
    stream_counts: bool = True
    stream_error: bool = False
    sampled: bool = False
    """Whether no answer is like the one before."""

    def __post_init__(self) -> None:
        self._turns = count()

    def refusal(self, body: Mapping[str, Any]) -> Refusal | None:
        """None: it answers."""
        if len(str(body["messages"]).split()) > self.context_tokens:
            code = self.overflow_status if self.overflow_code is None else self.overflow_code
            words: dict[str, object] = {"type": self.overflow_type, "code": code}
            words |= {"message": self.overflow_words} if self.overflow_words else {}
            return self.overflow_status, {"error": words}
        if "image_url" in str(body["messages"]) and not self.takes_pictures:
            return 500, {"error": {"message": "image input is not supported"}}
        return None

    def answer(
        self, body: Mapping[str, Any], text: str, usage: Mapping[str, int]
    ) -> Mapping[str, object]:
        """A whole completion."""
        message: dict[str, object] = {"content": self._words(body, text)}
        reason = "stop"
        if "response_format" in body:
            message, reason = {"content": self.light}, self.light_ends
        elif "tools" in body and self.calls:
            function = {"name": self.calls, "arguments": self.arguments}
            message = {"tool_calls": [{"id": self.call_id, "function": function}]}
        elif body["max_tokens"] == 2:
            reason = self.reason_at_length
            usage = {**usage, "completion_tokens": 2 if self.keeps_to_length else 64}
        if "image_url" in str(body["messages"]) and self.sees:
            usage = {**usage, "prompt_tokens": usage["prompt_tokens"] + 64}
        return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}

    def pieces(
        self, body: Mapping[str, Any], number: int, usage: Mapping[str, int]
    ) -> list[Mapping[str, object]]:
        """The events of a stream but the last word."""
        delta = {"delta": {"content": self.stream_text}, "finish_reason": None}
        events: list[Mapping[str, object]] = [{"choices": [delta]}] * number
        if self.stream_ends:
            events[-1] = {"choices": [{**delta, "finish_reason": self.stream_ends}]}
        if self.stream_error:
            events[-2] = {"error": {"message": "out of memory"}}
        if body.get("ignore_eos"):
            usage = {**usage, "completion_tokens": min(body["max_tokens"], self.longest_tokens)}
        if "stream_options" in body and self.stream_counts:
            events.append({"choices": [], "usage": usage})
        return events

    def _words(self, body: Mapping[str, Any], text: str) -> str:
        text = f"{text} {next(self._turns)}" if self.sampled else text
        stops = body.get("stop", []) if self.keeps_to_stop else []
        for stop in stops:
            text = text.split(stop, maxsplit=1)[0]
        return text
