"""One request on one connection, and its answer read event by event as bytes arrive."""

import asyncio

import h11

from checks.benchmarks.client.chunk import read_chunk
from checks.benchmarks.client.events import Events, Garbled
from checks.benchmarks.client.received import Received
from checks.benchmarks.client.sample import Outcome, Sample

DONE = b"[DONE]"
EVENT_STREAM = "text/event-stream"
# Of a refusal, for a person.
SHOWN_BYTES = 200
OUTCOMES = {429: Outcome.limited, 503: Outcome.overloaded}


class Exchange:
    """Fills one sample; `over` is set when the answer is whole or can no longer become so."""

    def __init__(self, http: h11.Connection, sample: Sample) -> None:
        self._http = http
        self._sample = sample
        self._events = Events()
        self._visible = self._ended = self._streams = False
        self._refusal = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, received: Received) -> None:
        """Bytes of the answer."""
        sample = self._sample
        sample.latest_read_seconds = max(sample.latest_read_seconds, received.late_seconds)
        if self.over.done():
            return
        try:
            self._http.receive_data(received.data)
            while not isinstance(event := self._http.next_event(), type):
                self._read(event, received.arrived)
                if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                    break
        except h11.RemoteProtocolError as error:
            outcome = Outcome.truncated if sample.arrivals else Outcome.broken
            self._end(outcome, f"the connection broke off: {error}", received.arrived)
        except Garbled as error:
            self._end(Outcome.garbled, str(error), received.arrived)

    def _read(self, event: h11.Event, arrived: float) -> None:
        if isinstance(event, h11.Response):
            self._headers(event)
        elif isinstance(event, h11.Data) and self._streams:
            for data in self._events.feed(bytes(event.data)):
                self._event(data, arrived)
        elif isinstance(event, h11.Data):
            self._refusal = (self._refusal + bytes(event.data))[:SHOWN_BYTES]
        elif isinstance(event, h11.EndOfMessage):
            for data in self._events.finish() if self._streams else ():
                self._event(data, arrived)
            self._judge(arrived)
        elif isinstance(event, h11.ConnectionClosed):
            self._end(Outcome.broken, "the connection broke off", arrived)

    def _headers(self, response: h11.Response) -> None:
        words = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        sample = self._sample
        sample.status = response.status_code
        sample.retry_after = "retry-after" in words
        sample.replica = words.get("x-homeport-replica", "")
        sample.provider = words.get("x-homeport-provider", "")
        sample.release = words.get("x-homeport-release", "")
        is_stream = words.get("content-type", "").startswith(EVENT_STREAM)
        self._streams = sample.status == 200 and is_stream

    def _event(self, data: bytes, arrived: float) -> None:
        sample = self._sample
        if data == DONE:
            self._ended = True
            sample.ended = sample.ended or arrived
            return
        chunk = read_chunk(data)
        if chunk.generated:
            sample.arrivals.append(arrived)
        self._visible |= chunk.visible
        self._ended |= chunk.finished
        if chunk.completion_tokens:
            sample.tokens, sample.has_usage = chunk.completion_tokens, True
        sample.prompt_tokens = chunk.prompt_tokens or sample.prompt_tokens

    def _judge(self, arrived: float) -> None:
        """The answer is whole as HTTP has it: what is it?"""
        status = self._sample.status
        if status != 200:
            said = self._refusal.decode(errors="replace")
            outcome = OUTCOMES.get(status, Outcome.refused)
            self._end(outcome, f"{status}: {said}", arrived)
        elif not self._streams:
            self._end(Outcome.garbled, f"no {EVENT_STREAM}", arrived)
        elif not self._ended:
            self._end(Outcome.truncated, "a stream without [DONE] or a finish reason", arrived)
        elif not self._visible:
            self._end(Outcome.empty, "an answer without a visible word", arrived)
        else:
            self._end(Outcome.answered, "", arrived)

    def _end(self, outcome: Outcome, words: str, arrived: float) -> None:
        sample = self._sample
        sample.outcome, sample.words = outcome, words
        sample.ended = sample.ended or arrived
        if not sample.has_usage:
            sample.tokens = len(sample.arrivals)
        self.over.set_result(None)
