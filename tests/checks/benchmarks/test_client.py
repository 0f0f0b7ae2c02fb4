"""The client on loopback: streams as servers send them, and everything that is no answer."""

import asyncio
import socket
from pathlib import Path

import pytest

from checks.benchmarks.client import line
from checks.benchmarks.client.line import Lines
from checks.benchmarks.client.sample import Outcome, Sample
from checks.benchmarks.client.transport import Place
from deploys.certificates.entrance import Entrance
from tests.certificates.issuing import NAME, tls_server
from tests.checks.benchmarks.scripted_server import (
    STREAM_HEAD,
    USAGE,
    Script,
    chunked,
    plain,
    serving,
    stop,
    text,
)

DONE = b"[DONE]"
WHOLE = chunked(text("a"), text(" b"), text(""), stop(), USAGE, DONE)


def asked(script: Script, times: int = 1, timeout_seconds: float = 300) -> list[Sample]:
    """So many requests, one after the other."""

    async def whole() -> list[Sample]:
        async with serving(script) as port:
            lines = Lines(Entrance(f"http://127.0.0.1:{port}"), {"X-Key": "k"}, timeout_seconds)
            clock = asyncio.get_running_loop().time
            found = [await lines.ask("/v1/x", b"{}", clock()) for _ in range(times)]
            lines.close()
            return found

    return asyncio.run(whole())


def test_a_stream_is_read_with_its_instants_and_counted_by_usage() -> None:
    script = Script([WHOLE])
    (sample,) = asked(script)
    assert (sample.outcome, sample.words) == (Outcome.answered, "")
    assert (sample.prompt_tokens, sample.tokens, sample.has_usage) == (5, 8, True)
    assert len(sample.arrivals) == 2
    assert sample.wanted <= sample.sent <= sample.arrivals[0] <= sample.arrivals[1]
    assert sample.arrivals[1] <= sample.ended
    assert (sample.replica, sample.provider, sample.release) == ("chat-1", "fleet", "abc")


def test_several_tokens_in_an_event_are_counted_by_usage_and_not_by_events() -> None:
    (sample,) = asked(Script([chunked(text("a b c d"), text("e f g h"), stop(), USAGE, DONE)]))
    assert sample.tokens == 8
    span = sample.arrivals[1] - sample.arrivals[0]
    assert sample.token_seconds == pytest.approx(span / 4)


def test_without_usage_events_count() -> None:
    (sample,) = asked(Script([chunked(text("a"), text("b"), stop(), DONE)]))
    assert (sample.tokens, sample.has_usage) == (2, False)


def test_one_packet_of_everything_and_one_of_each_byte_say_the_same() -> None:
    everything = b"".join(WHOLE)
    for pieces in ([everything], [bytes([byte]) for byte in everything]):
        (sample,) = asked(Script([pieces]))
        assert (sample.outcome, sample.tokens) == (Outcome.answered, 8)
        assert len(sample.arrivals) == 2


def test_a_connection_is_used_again_and_one_that_was_closed_is_not() -> None:
    script = Script([WHOLE])
    assert [one.connected_anew for one in asked(script, times=3)] == [True, False, False]
    assert script.connections == 1
    closing = WHOLE[0].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    script = Script([[closing, *WHOLE[1:]]], closes=True)
    assert {one.outcome for one in asked(script, times=3)} == {Outcome.answered}
    assert script.connections == 3


def test_a_request_goes_out_as_it_should() -> None:
    script = Script([WHOLE])
    asked(script)
    head = script.heads[0].decode().lower()
    assert head.startswith("post /v1/x http/1.1\r\n")
    assert f"host: 127.0.0.1:{script.port}\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "x-key: k\r\n" in head
    assert script.bodies == [b"{}"]


def test_an_address_of_version_6_stands_in_brackets_before_its_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def ask(script: Script) -> Sample:
        async with serving(script) as port:

            async def resolve(_: Entrance) -> Place:
                return Place(socket.AF_INET, ("127.0.0.1", port))

            monkeypatch.setattr(line, "resolve", resolve)
            lines = Lines(Entrance("http://[fd00::1]:8080"), {}, 300)
            try:
                return await lines.ask("/", b"{}", 0)
            finally:
                lines.close()

    script = Script([WHOLE])
    assert asyncio.run(ask(script)).outcome == Outcome.answered
    assert b"Host: [fd00::1]:8080\r\n" in script.heads[0]


@pytest.mark.parametrize(
    ("pieces", "outcome", "words"),
    [
        (plain(429, b"slow down", b"Retry-After: 3"), Outcome.limited, "429: slow down"),
        (plain(503, b"full", b"Retry-After: 3"), Outcome.overloaded, "503: full"),
        (plain(401, b"who?", b"Retry-After: 3"), Outcome.refused, "401: who?"),
        (chunked(stop(), USAGE, DONE), Outcome.empty, "visible"),
        (chunked(text(" "), text("  "), stop(), DONE), Outcome.empty, "visible"),
        (chunked(text("a"), text("b")), Outcome.truncated, "without [DONE]"),
        (chunked(text("a"), b"{oops", DONE), Outcome.garbled, "no JSON"),
        (chunked(text("a"), b'{"error": "CUDA"}', DONE), Outcome.garbled, "CUDA"),
        (plain(200, b"{}", b"Content-Type: application/json"), Outcome.garbled, "no text/event"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], Outcome.broken, "broke off"),
    ],
)
def test_what_is_no_answer_has_its_own_name(
    pieces: list[bytes], outcome: Outcome, words: str
) -> None:
    (sample,) = asked(Script([pieces]))
    assert sample.outcome == outcome
    assert words in sample.words
    assert not sample.is_answered
    assert sample.retry_after == any(b"Retry-After" in piece for piece in pieces)


def test_a_stream_that_is_cut_is_truncated_and_one_that_never_began_is_broken() -> None:
    half = Script([chunked(text("a"), text("b"), whole=False)], closes=True)
    assert asked(half)[0].outcome == Outcome.truncated
    assert asked(Script([[]], closes=True))[0].outcome == Outcome.broken


def test_a_stream_without_a_length_ends_with_its_connection() -> None:
    head = STREAM_HEAD + b"Connection: close\r\n\r\n"
    pieces = [head, b"data: %s\n\n" % text("a"), b"data: [DONE]\n"]
    (sample,) = asked(Script([pieces], closes=True))
    assert (sample.outcome, sample.tokens) == (Outcome.answered, 1)


def test_an_answer_that_does_not_end_is_given_up_and_its_connection_too() -> None:
    script = Script([chunked(text("a"), whole=False)], hangs=True)
    found = asked(script, times=2, timeout_seconds=0.5)
    assert [one.outcome for one in found] == [Outcome.timed_out] * 2
    assert found[0].words == "no whole answer within 0.5 s"
    assert script.connections == 2


def test_a_gateway_that_is_not_there_is_a_broken_connection() -> None:
    async def ask() -> Sample:
        return await Lines(Entrance("http://127.0.0.1:1"), {}, 5).ask("/", b"", 0)

    sample = asyncio.run(ask())
    assert sample.outcome == Outcome.broken
    assert "Connect call failed" in sample.words


def test_over_tls_the_name_is_asked_for_and_believed(tmp_path: Path) -> None:
    context, trust = tls_server(tmp_path)

    async def ask(name: str) -> Sample:
        script = Script([WHOLE])
        async with serving(script, context) as port:
            way = Entrance(f"https://127.0.0.1:{port}", name, trust)
            lines = Lines(way, {}, 300)
            sample = await lines.ask("/", b"{}" * 40_000, 0)
            assert sample.outcome != Outcome.answered or f"Host: {name}".encode() in script.heads[0]
            lines.close()
            return sample

    sample = asyncio.run(ask(NAME))
    assert (sample.outcome, sample.tokens) == (Outcome.answered, 8)
    refused = asyncio.run(ask("other.example"))
    assert refused.outcome == Outcome.broken
    assert "certificate" in refused.words.lower()
