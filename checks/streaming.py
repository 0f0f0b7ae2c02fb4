"""Streams that are judged by when their pieces arrive."""

import json
import time

from checks.asking import Model
from checks.asking import stream as ask_for_stream
from checks.chat import instants, said
from checks.probes.gateway import Gateway, Stream
from checks.verdict import require

# Enough that a proxy's 4 or 8 KiB buffer takes many events, few enough for a slow CPU.
STREAM_TOKENS = 64
# A tiny model on a busy machine is over before the reader gets its turn: one attempt in three was
# measured to fail there, and where the reader's turn came every 10 ms, fifty in a row. What
# collects a stream collects every one of them, and a model that takes its time is judged by the
# first.
STREAM_SECONDS = 15
# A buffer of 4 KiB holds 16 events of 250 bytes; on a busy machine a reader finds two or three.
EVENTS_PER_BURST = 8


def best_stream(gateway: Gateway, model: Model) -> tuple[int, int]:
    """Events and bursts of the first stream that arrives over time, or of the last attempt."""
    give_up = time.monotonic() + STREAM_SECONDS
    while True:
        stream = ask_for_stream(gateway, model, STREAM_TOKENS)
        _require_complete(model.name, stream)
        events, bursts = len(stream.events), instants(stream.arrivals_seconds)
        if bursts >= least_bursts(events) or time.monotonic() > give_up:
            return events, bursts


def least_bursts(events: int) -> int:
    """In how many pieces so many events of one stream arrive at least."""
    return max(3, events // EVENTS_PER_BURST)


def _require_complete(model: str, stream: Stream) -> None:
    status = stream.answer.status
    require(status == 200, f"{model}: {said(stream.answer)}", "see check_engines")
    remedy = "the connection was cut: time limits in the gateway, or an engine that ended"
    ended = bool(stream.events) and stream.events[-1] == "[DONE]"
    require(ended, f"{model}: the stream ends without [DONE]", remedy)
    garbage = [event for event in stream.events[:-1] if not _is_a_piece(event)]
    found = f"{model}: {len(garbage)} events of the stream are no piece of an answer: "
    remedy = "`docker logs` of the engine, and what stands between it and the gateway"
    require(not garbage, f"{found}{garbage[:1]}"[:300], remedy)


def _is_a_piece(event: str) -> bool:
    """Whether an event has the shape of a chat completion's chunk; the last may have no choice."""
    try:
        document = json.loads(event)
    except ValueError:
        return False
    return isinstance(document, dict) and isinstance(document.get("choices"), list)
