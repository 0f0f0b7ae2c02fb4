"""What is sent again, after which waits, and what is not: by the server's own record."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from deploys.batch.asking import ask
from deploys.batch.letters import Answer
from deploys.batch.line import Request
from deploys.batch.retrying import (
    Failure,
    Kind,
    Policy,
    Tries,
    Verdict,
    next_wait,
    retry_after_seconds,
)
from deploys.batch.running import MOST_GIVEN_UP_IN_A_ROW, Stopped
from tests.batch.batch_files import CHAT, chat_line, names, read_lines
from tests.batch.direct import Direct
from tests.batch.scripted_gateway import Reply, scripted_gateway
from tests.certificates.issuing import gateway_pem

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_go_well_the_next_time_is_sent_again(direct: Direct, status: int) -> None:
    direct.gateway.reply = lambda _name, time: Reply(status if time < 3 else 200)
    tally = direct.run([chat_line("a")]).tally
    assert names(direct.folder / "in.answers.jsonl") == ["a"]
    assert direct.gateway.times() == {"a": 3}
    assert tally.models["chat"].retries == 2


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_what_would_be_refused_again_is_sent_once_and_buried(direct: Direct, status: int) -> None:
    error = {"error": {"message": "the engine's own words"}}
    direct.gateway.reply = lambda name, _: Reply(status, error) if name == "bad" else Reply()
    direct.run([chat_line("bad"), chat_line("good")])
    assert direct.gateway.times() == {"bad": 1, "good": 1}
    assert names(direct.folder / "in.answers.jsonl") == ["good"]
    (letter,) = read_lines(direct.folder / "in.dead.jsonl")
    assert letter["custom_id"] == "bad"
    assert letter["response"]["status_code"] == status
    assert letter["response"]["body"] == error
    message = f"{status}: the engine's own words"
    assert letter["error"] == {"code": "refused", "message": message, "line": 1}


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_ends_the_run_with_the_first_answer(
    direct: Direct, status: int
) -> None:
    direct.gateway.reply = lambda _name, _time: Reply(status)
    with pytest.raises(Stopped, match=f"does not take the key: {status}"):
        direct.run([chat_line(str(number)) for number in range(50)])
    assert len(direct.gateway.asked) == 1
    assert names(direct.folder / "in.answers.jsonl") == []
    assert not (direct.folder / "in.dead.jsonl").exists()


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_is_never_shorter_than_the_server_asks_for(direct: Direct, status: int) -> None:
    asked = {1: "7", 2: "30", 3: "0"}
    direct.gateway.reply = lambda _name, time: (
        Reply(status, headers={"Retry-After": asked[time]}) if time in asked else Reply()
    )
    direct.run([chat_line("a")])
    assert direct.waits.seconds == [7 + 0.5, 30 + 1, 0 + 2]


def test_without_a_word_of_the_server_waits_double_up_to_the_longest(direct: Direct) -> None:
    direct.policy = Policy(patience_seconds=1e9)
    direct.gateway.reply = lambda _name, time: Reply(503 if time <= 10 else 200)
    direct.run([chat_line("a")])
    assert direct.waits.seconds == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    # Full jitter: anything from nothing on.
    assert {low for low, _ in direct.waits.drawn} == {0}


def test_a_connection_that_is_dropped_is_tried_anew(direct: Direct) -> None:
    direct.gateway.reply = lambda _name, time: Reply(drops=time < 3)
    direct.run([chat_line("a"), chat_line("b")])
    assert names(direct.folder / "in.answers.jsonl") == ["a", "b"]
    assert direct.gateway.times() == {"a": 3, "b": 3}


def test_an_answer_that_is_no_json_is_none(direct: Direct) -> None:
    direct.gateway.reply = lambda _name, time: Reply(body="<html>" if time == 1 else {})
    direct.run([chat_line("a")])
    (answer,) = read_lines(direct.folder / "in.answers.jsonl")
    assert answer["response"]["body"] == {}


def test_a_line_over_which_engines_die_is_given_up_and_the_others_go_on(direct: Direct) -> None:
    direct.gateway.reply = lambda name, _: Reply(502 if name == "poison" else 200)
    direct.run([chat_line("poison"), chat_line("good")])
    assert direct.gateway.times() == {"poison": 5, "good": 1}
    (letter,) = read_lines(direct.folder / "in.dead.jsonl")
    assert letter["error"]["code"] == "given_up"
    assert "(try 5)" in letter["error"]["message"]


def test_a_gateway_that_takes_nothing_ends_the_run_and_buries_nothing(direct: Direct) -> None:
    direct.policy = Policy(patience_seconds=100)
    direct.gateway.reply = lambda _name, _: Reply(503)
    with pytest.raises(Stopped, match="no line is answered within") as stopped:
        direct.run([chat_line("a"), chat_line("b")])
    assert not stopped.value.unreachable
    assert sum(direct.waits.seconds[:-1]) <= 100
    assert not (direct.folder / "in.dead.jsonl").exists()


def test_a_gateway_that_is_not_there_is_told_apart(direct: Direct) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        direct.gateway.port = taken.getsockname()[1]
        with pytest.raises(Stopped, match="the gateway was not reached") as stopped:
            direct.run([chat_line("a")])
    assert stopped.value.unreachable


def test_a_line_waits_its_turn_for_as_long_as_others_are_answered() -> None:
    tries, policy = Tries(), Policy(patience_seconds=100)
    full = Failure(Kind.NOT_NOW, "full", retry_after_seconds=60)
    waits = [next_wait(tries, full, answered, policy, lambda low, _: low) for answered in range(20)]
    assert waits == [60] * 20
    assert next_wait(tries, full, 19, policy, lambda low, _: low) is Verdict.STOP


def test_too_many_lines_in_a_row_that_are_given_up_end_the_run(direct: Direct) -> None:
    direct.policy = Policy(tries=1)
    direct.gateway.reply = lambda name, _: Reply(200 if name == "5" else 502)
    with pytest.raises(Stopped, match="lines in a row were given up"):
        direct.run([chat_line(str(number)) for number in range(100)])
    # The answer of 5 begins the count anew.
    assert len(direct.gateway.asked) == 6 + MOST_GIVEN_UP_IN_A_ROW


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Thu, 26 Nov 2026 12:00:05 -0000", 5),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
    ],
)
def test_a_retry_after_is_a_number_or_a_date(header: str, seconds: float) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_a_gateway_whose_certificate_is_not_believed_is_not_asked_again(tmp_path: Path) -> None:
    (tmp_path / "gateway.pem").write_text(gateway_pem())

    async def asked(port: int) -> Answer | Failure:
        url = f"https://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            return await ask(client, Request(1, "a", CHAT, "chat", b"{}"))

    with scripted_gateway(certificate=tmp_path / "gateway.pem") as gateway:
        found = asyncio.run(asked(gateway.port))
    assert isinstance(found, Failure)
    assert found.kind is Kind.NO_ENTRY
    assert "the gateway is not believed" in found.said
