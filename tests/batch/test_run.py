"""`homeport batch run`: each line answered once, in OpenAI's output format."""

import threading

import pytest

from tests.batch.batch_files import CHAT, EMBEDDINGS, chat_line, embedding_line, names, read_lines
from tests.batch.desk import KEY, Desk, Settle
from tests.batch.scripted_gateway import USAGE, Reply

SCHEMA = {"type": "json_schema", "json_schema": {"name": "boat", "schema": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def test_each_line_has_one_answer_in_the_output_format_of_openai(desk: Desk) -> None:
    lines = [chat_line("Sail"), chat_line("Häfen 港", model="gpt-4o"), embedding_line("tide")]
    assert desk.run(lines) == 0
    found = {line["custom_id"]: line for line in read_lines(desk.answers)}
    assert found.keys() == {"Sail", "Häfen 港", "tide"}
    assert len({line["id"] for line in found.values()}) == 3
    assert found["Sail"]["error"] is None
    assert found["Sail"]["response"] == {
        "status_code": 200,
        "request_id": "0123abcd",
        "body": {"choices": [], "usage": USAGE},
    }
    assert not desk.dead.exists()


def test_a_request_is_what_its_line_says_with_the_key(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    content = [{"type": "text", "text": "What is it?"}, IMAGE]
    picture = chat_line("picture", messages=[{"role": "user", "content": content}])
    boat, tide = chat_line("boat", response_format=SCHEMA, temperature=0.1), embedding_line("tide")
    assert desk.run([picture, boat, tide]) == 0
    sent = {one["body"]["model"] + str(len(one["body"])): one for one in desk.gateway.requests}
    assert sent["chat2"]["body"] == picture["body"]
    assert sent["chat4"]["body"] == boat["body"]
    assert sent["embed2"]["body"] == tide["body"]
    assert {one["path"] for one in sent.values()} == {CHAT, EMBEDDINGS}
    assert {one["headers"]["Authorization"] for one in sent.values()} == {f"Bearer {KEY}"}
    told = capfd.readouterr()
    assert KEY not in told.out + told.err + desk.answers.read_text()


def test_a_client_that_is_named_asks_with_its_own_key(
    settle: Settle, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    clients = {"demo": {"key": "env:HOMEPORT_TEST_KEY"}, "night": {"key": "env:NIGHT_KEY"}}
    monkeypatch.setenv("NIGHT_KEY", "key-of-the-night")
    desk = settle({"clients": clients})
    assert desk.run([chat_line("a")], "--client", "night") == 0
    assert desk.gateway.requests[0]["headers"]["Authorization"] == "Bearer key-of-the-night"
    assert desk.run(None, "--client", "nigth") == 7
    assert "did you mean `night`?" in capfd.readouterr().err


def test_as_many_requests_as_allowed_run_at_once_and_never_more(desk: Desk) -> None:
    # Nobody is answered before three are there.
    together = threading.Barrier(3, timeout=20)

    def reply(_name: str, _time: int) -> Reply:
        together.wait()
        return Reply()

    desk.gateway.reply = reply
    assert desk.run([chat_line(str(number)) for number in range(30)], "--concurrency", "3") == 0
    assert desk.gateway.most_running == 3
    assert len(names(desk.answers)) == 30


def test_connections_are_used_again(desk: Desk) -> None:
    assert desk.run([chat_line(str(number)) for number in range(40)], "--concurrency", "4") == 0
    assert desk.gateway.connections <= 4


def test_a_run_that_is_finished_asks_nothing_again(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    assert desk.run([chat_line("a"), chat_line("b")]) == 0
    before = desk.answers.read_bytes()
    capfd.readouterr()
    assert desk.run() == 0
    assert "2 lines, 0 answered now, 2 answered before\n" in capfd.readouterr().out
    assert desk.answers.read_bytes() == before
    assert len(desk.gateway.asked) == 2


def test_lines_without_an_answer_are_exit_code_one_then_and_later(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.gateway.reply = lambda name, _: Reply(400 if name == "bad" else 200)
    assert desk.run([chat_line("bad"), chat_line("good")]) == 1
    assert desk.run() == 1
    assert "1 answered before, 1 failed before" in capfd.readouterr().out
    assert desk.gateway.times() == {"bad": 1, "good": 1}


def test_without_the_dead_letters_their_lines_are_sent_anew(desk: Desk) -> None:
    desk.gateway.reply = lambda _name, time: Reply(400 if time == 1 else 200)
    assert desk.run([chat_line("a")]) == 1
    desk.dead.unlink()
    assert desk.run() == 0
    assert names(desk.answers) == ["a"]


def test_a_key_that_is_not_taken_is_told_and_the_next_run_goes_on(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    desk.gateway.reply = lambda name, _: Reply(401 if name == "b" else 200)
    assert desk.run([chat_line("a"), chat_line("b"), chat_line("c")], "--concurrency", "1") == 1
    told = capfd.readouterr()
    assert "error: the gateway does not take the key: 401" in told.err
    assert "hint: the same command goes on from here" in told.err
    assert "1 answered now, 2 left" in told.out
    desk.gateway.reply = lambda _name, _time: Reply()
    assert desk.run() == 0
    assert sorted(names(desk.answers)) == ["a", "b", "c"]


def test_nothing_but_the_summary_is_said_where_nobody_looks(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    assert desk.run([chat_line("a")]) == 0
    told = capfd.readouterr()
    assert told.err == ""
    assert "checking" not in told.out
    assert "in flight" not in told.out


def test_no_gateway_is_exit_code_four(settle: Settle, desk: Desk) -> None:
    closed = {"address": "127.0.0.2", "port": desk.gateway.port, "admin_port": 18081}
    away = settle({"gateway": closed})
    assert away.run([chat_line("a")], "--patience-seconds", "1") == 4
