"""Whom the watch tells what it did: node exporter, and a webhook whose address nobody sees."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploys.watching import main
from tests.watching.watched_host import WatchedHost, words


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


def test_a_host_that_does_not_listen_yet_is_no_news_while_a_run_is_at_it(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = {"hosts": {"gpu1": "127.0.0.1"}, "port": server.getsockname()[1]}
    told = words(gateway={**words()["gateway"], **asked})
    (host.store / "lock").write_text("ana on laptop\n")
    main.run(host.place, told, host.now)
    assert "gpu1" not in capsys.readouterr().out
    (host.store / "lock").unlink()
    main.run(host.place, told, host.now)
    assert "gpu1: says nothing of its replicas" in capsys.readouterr().out
