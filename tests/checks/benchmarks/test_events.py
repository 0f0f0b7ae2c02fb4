"""Server-sent events, however packets cut them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.benchmarks.client import events
from checks.benchmarks.client.chunk import read_chunk
from checks.benchmarks.client.events import Events, Garbled

STREAM = (
    b"\xef\xbb\xbfdata: one\n\n: a comment\n\ndata:two\r\ndata: lines\r\n\r\n"
    b"event: x\n\nid: 3\rdata: \xc3\xa4\r\r"
)
FOUND = [b"one", b"two\nlines", b"\xc3\xa4"]


def _fed(pieces: list[bytes]) -> list[bytes]:
    reader = Events()
    return [*(data for piece in pieces for data in reader.feed(piece)), *reader.finish()]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_wherever_packets_are_cut(cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    assert _fed([STREAM[a:b] for a, b in itertools.pairwise(borders)]) == FOUND


def test_events_are_the_same_byte_by_byte() -> None:
    assert _fed([bytes([byte]) for byte in STREAM]) == FOUND


def test_a_last_event_without_its_empty_line_is_read() -> None:
    assert _fed([b"data: a\n\ndata: [DONE]\n"]) == [b"a", b"[DONE]"]


def test_an_event_comes_as_soon_as_it_is_whole() -> None:
    reader = Events()
    assert reader.feed(b"data: a\n") == []
    assert reader.feed(b"\ndata: b") == [b"a"]


def test_an_event_without_an_end_is_garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST_EVENT_BYTES", 100)
    with pytest.raises(Garbled, match="longer than 100 bytes"):
        Events().feed(b"data: " + b"x" * 100)


@pytest.mark.parametrize(
    "delta",
    [
        '{"content": "a"}',
        '{"content": null, "reasoning_content": "hm"}',
        '{"reasoning": "hm"}',
        '{"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}',
    ],
)
def test_text_thoughts_and_calls_are_generated(delta: str) -> None:
    chunk = read_chunk(b'{"choices": [{"delta": %s}]}' % delta.encode())
    assert chunk.generated
    assert chunk.visible


@pytest.mark.parametrize("delta", ['{"role": "assistant", "content": ""}', "{}", "null"])
def test_a_role_alone_is_no_first_token(delta: str) -> None:
    assert not read_chunk(b'{"choices": [{"delta": %s}]}' % delta.encode()).generated


def test_blanks_are_generated_and_not_visible() -> None:
    chunk = read_chunk(b'{"choices": [{"delta": {"content": " \\n"}}]}')
    assert chunk.generated
    assert not chunk.visible


def test_the_last_chunk_says_how_many_tokens_there_were() -> None:
    usage = b'{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 7}}'
    chunk = read_chunk(usage)
    assert (chunk.prompt_tokens, chunk.completion_tokens) == (3, 7)
    assert read_chunk(b'{"choices": [], "usage": null}').completion_tokens is None
    assert read_chunk(b'{"choices": [], "usage": {"completion_tokens": -1}}').prompt_tokens is None


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"[]",
        b"1",
        b"{}",
        b'{"choices": {}}',
        b'{"error": {"message": "out of memory"}, "choices": []}',
        b'{"choices": [{"delta": "a"}]}',
        b'{"choices": [{"delta": ["a"]}]}',
        b'{"choices": [{"delta": ""}]}',
        b"[" * 100_000,
    ],
)
def test_anything_else_is_garbled(data: bytes) -> None:
    with pytest.raises(Garbled):
        read_chunk(data)
