"""Whole looks of the watch: from what engines answer to what nginx includes and Docker restarts."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploys.watching import at_gateway, main
from tests.watching.looks import LIMITS
from tests.watching.watched_host import RIGHT, WatchedHost, watched_host, words


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedHost]:
    """All is well, and has been for some looks."""
    with watched_host(tmp_path, monkeypatch) as one:
        assert one.look(3) == []
        yield one


def test_a_hung_replica_is_taken_out_restarted_and_let_back_by_a_real_answer(
    host: WatchedHost,
) -> None:
    host.engines["chat-1"].health = 0
    assert host.look(2) == []
    assert host.look() == ["chat-1.watch"]
    assert "server chat-1:8080 max_conns=4 down; # chat-1\n" in host.pools
    assert " down; # chat-2" not in host.pools
    assert (host.lines("reloads"), host.lines("restarts")) == (["reload"], [])
    # The next look has the gateway's leave. What it restarts answers again.
    assert host.look() == ["chat-1.watch"]
    assert host.lines("restarts") == ["id1"]
    host.engines["chat-1"].health = 200
    assert host.look() == []
    assert (len(host.lines("proofs")), len(host.lines("reloads"))) == (1, 2)
    assert "down" not in host.pools
    assert host.audit == ["chat-1 taken out", "chat-1 restarted", "chat-1 let back"]
    assert host.look(5) == []
    assert len(host.lines("proofs")) == 1


def test_requests_without_progress_take_a_replica_out_and_a_full_queue_does_not(
    host: WatchedHost,
) -> None:
    host.engines["chat-1"].busy = host.engines["chat-2"].busy = 50
    host.engines["chat-1"].steps = 7
    for _ in range(10):
        host.engines["chat-2"].steps += 1
        marks = host.look()
    assert marks == ["chat-1.watch"]
    assert host.remembered.verdicts["chat-2"].state == "well"


def test_an_answer_that_is_none_keeps_a_replica_out(host: WatchedHost) -> None:
    host.engines["chat-1"].health = 0
    host.look(3)
    host.engines["chat-1"].health = 200
    for answer in ("\n000", "half a\n200", '{"error": 1}\n500', RIGHT.replace("Aye.", " ")):
        (host.root / "answer").write_text(answer)
        assert host.look() == ["chat-1.watch"]
    (host.root / "answer").write_text(RIGHT)
    assert host.look() == []


def test_the_last_replica_stays_in_its_pool_and_is_restarted_all_the_same(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    for engine in host.engines.values():
        engine.health = 0
    assert host.look(6) == []
    assert host.lines("reloads") == []
    assert sorted(set(host.lines("restarts"))) == ["id1", "id2"]
    said = capsys.readouterr().out
    assert said.count("chat-1: sick, and kept in its pool (silent:") == 1


def test_restarts_that_mend_nothing_end_and_a_person_is_called_once(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    host.engines["chat-1"].health = 0
    # Each new container has its time to start.
    host.limits = replace(LIMITS, start_seconds=60)
    host.look(3 + 3 * 6)
    assert host.lines("restarts") == ["id1"] * 3
    said = capsys.readouterr().out
    assert said.count("3 restarts within an hour have not mended it") == 1
    assert host.audit == ["chat-1 taken out", *["chat-1 restarted"] * 3]


def test_while_a_run_has_the_lock_nothing_is_changed(host: WatchedHost) -> None:
    (host.store / "lock").write_text("ana on laptop\n")
    host.engines["chat-1"].health = 0
    assert host.look(5) == []
    assert (host.lines("restarts"), host.lines("reloads")) == ([], [])
    (host.store / "lock").unlink()
    assert host.look() == ["chat-1.watch"]


def test_what_a_person_has_drained_is_neither_taken_out_nor_restarted(host: WatchedHost) -> None:
    host.mark("chat-1.operator")
    host.engines["chat-1"].health = 0
    assert host.look(5) == ["chat-1.operator"]
    assert host.lines("restarts") == []


def test_a_replica_that_a_person_drains_while_it_is_out_stays_with_that_person(
    host: WatchedHost,
) -> None:
    host.engines["chat-1"].health = 0
    host.look(3)
    host.mark("chat-1.operator")
    assert host.look() == ["chat-1.operator", "chat-1.watch"]
    restarts = host.lines("restarts")
    host.engines["chat-1"].health = 200
    assert host.look(5) == ["chat-1.operator", "chat-1.watch"]
    assert host.lines("restarts") == restarts


def test_a_docker_that_says_nothing_changes_nothing(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    (host.root / "broken").touch()
    assert host.look(6) == []
    assert capsys.readouterr().out.count("Docker: says nothing") == 1
    # What was seen last is too old to be believed.
    assert host.remembered.seen == {}


def test_a_reload_that_failed_is_made_up_for(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    (host.root / "stuck").touch()
    host.engines["chat-1"].health = 0
    assert host.look(3) == ["chat-1.watch"]
    assert "nginx: has not loaded its pools" in capsys.readouterr().out
    (host.root / "stuck").unlink()
    host.look()
    assert host.lines("reloads") == ["reload"]


def test_marks_of_replicas_that_are_in_no_pool_any_more_go(host: WatchedHost) -> None:
    host.mark("chat-9.watch")
    host.mark("chat-9.operator")
    assert host.look() == ["chat-9.operator"]


def test_metrics_say_what_is_out_and_what_was_done(host: WatchedHost, tmp_path: Path) -> None:
    host.engines["chat-1"].health = 0
    host.look(3)
    told = words(textfile_directory=str(tmp_path))
    main.run(host.place, told, host.now)
    text = (tmp_path / "homeport-watch-small.prom").read_text()
    assert 'homeport_watch_replica{environment="small",replica="chat-2",state="well"} 1' in text
    assert 'replica="chat-1",state="silent"} 1' in text
    assert 'homeport_watch_out{environment="small"} 1' in text
    assert 'homeport_watch_events_total{environment="small",what="taken out"} 1' in text
    main.run(host.place, words(textfile_directory="/nowhere"), host.now)


def test_a_webhook_is_told_of_all_that_is_done_and_its_address_nobody(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        """Python asks for a class."""

        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204 if len(told) < 3 else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    (host.store / "secrets").mkdir()
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/s3cret"
        (host.store / "secrets" / "watch").write_text(f"{address}\n")
        host.engines["chat-1"].health = 0
        host.look(4)
        server.shutdown()
    assert [(one["replica"], one["what"]) for one in told] == [
        ("chat-1", "found silent"),
        ("chat-1", "taken out"),
        ("chat-1", "restarted"),
    ]
    assert {one["host"] for one in told} == {"gate1"}
    (host.store / "secrets" / "watch").write_text("no address at all: s3cret\n")
    host.engines["chat-2"].health = 0
    host.look(4)
    said = capsys.readouterr().out
    assert "the webhook was not told: HTTPError 500" in said
    assert "the webhook was not told: URLError" in said
    assert "s3cret" not in said


def test_a_host_that_says_nothing_is_told_once_and_its_replicas_stay(
    host: WatchedHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = {**words()["gateway"], "hosts": {"gpu2": "10.0.0.2"}}
    gateway["pools"] = {"chat": ["chat-1", "chat-2", "far-1"]}

    def silent(*_: object) -> None:
        raise at_gateway.exchange.Silent("Connection refused")

    monkeypatch.setattr(at_gateway.exchange, "ask", silent)
    for _ in range(4):
        main.run(host.place, words(gateway=gateway), host.now)
        host.now += 15
    assert host.look() == []
    said = capsys.readouterr().out
    assert said.count("gpu2: says nothing of its replicas (Connection refused)") == 1
