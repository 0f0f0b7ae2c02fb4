"""A gateway and a host with engines: one line each way, and all that may go wrong with it."""

import dataclasses
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploys.watching import exchange
from deploys.watching.commands import Place
from deploys.watching.judging import Verdict
from deploys.watching.memory import Remembered, load, plain, store
from tests.watching.looks import BEGIN, LIMITS

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"age_seconds": 3, "verdicts": {"chat-1": {"state": "stuck", "evidence": "so"}}}


@contextmanager
def listening(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A host that answers one connection so: its port, and what it was told."""
    told: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            while part := connection.recv(1 << 16):
                told.append(part)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], told
        thread.join(5)


def test_a_gateway_says_whom_it_lets_go_of_and_hears_how_replicas_are() -> None:
    with listening(json.dumps(GOOD).encode()) as (port, told):
        found = exchange.ask("127.0.0.1", port, ["chat-1"], LIMITS)
    assert found == {"chat-1": Verdict("stuck", "so")}
    assert json.loads(b"".join(told)) == {"lets": ["chat-1"]}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "its answer makes no sense"),
        (json.dumps(GOOD)[:30], "its answer makes no sense"),
        ("[]", "its answer makes no sense"),
        (json.dumps({**GOOD, "age_seconds": 101}), "its last look is 101 s old"),
        (json.dumps({**GOOD, "age_seconds": None}), "its answer makes no sense"),
    ],
)
def test_half_an_answer_and_an_old_one_are_silence(answer: str, words: str) -> None:
    with pytest.raises(exchange.Silent, match=words):
        exchange.read_answer(answer, LIMITS)


def test_a_host_whose_looks_wait_for_an_engine_that_hangs_is_heard_all_the_same() -> None:
    often = dataclasses.replace(LIMITS, look_seconds=5)
    for age in (5, 26, 45):
        answer = json.dumps({**GOOD, "age_seconds": age})
        assert exchange.read_answer(answer, often) == {"chat-1": Verdict("stuck", "so")}


def test_a_host_that_refuses_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(exchange.Silent, match="refused"):
        exchange.ask("127.0.0.1", port, [], LIMITS)


def test_what_is_no_verdict_is_left_out_and_words_stay_on_their_line() -> None:
    verdicts = {
        "a": {"state": "well"},
        "b": {"state": "wonderful"},
        "c": "stuck",
        "d": {"state": "ill", "evidence": "x\n\x1b[2J" + "y" * 999},
    }
    found = exchange.read_answer(json.dumps({**GOOD, "verdicts": verdicts}), LIMITS)
    assert found.keys() == {"a", "d"}
    assert "\n" not in found["d"].evidence
    assert len(found["d"].evidence) == 300
    assert plain("a\tb") == "a b"


def program(place: Place, gateways: dict[str, str]) -> list[str]:
    """What systemd starts for one connection."""
    script = (
        "from deploys.watching import exchange\n"
        "from deploys.watching.commands import Place\n"
        f"exchange.answer(Place({place.directory!r}, ''), {gateways!r}, {BEGIN})"
    )
    return [sys.executable, "-c", script]


def answered(place: Place, said: str, gateways: dict[str, str]) -> str:
    """What the program says to a connection from this machine; empty where it hangs up."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as gateway,
    ):
        gateway.sendall(said.encode())
        gateway.shutdown(socket.SHUT_WR)
        connection, _ = server.accept()
        with connection:
            command = program(place, gateways)
            subprocess.run(
                command, stdin=connection.fileno(), stdout=connection.fileno(), check=True, cwd=ROOT
            )
        try:
            return gateway.makefile().read()
        except ConnectionResetError:
            return ""


def test_a_host_answers_its_gateways_and_nobody_else(tmp_path: Path) -> None:
    place = Place(str(tmp_path), "")
    Path(place.state).mkdir(parents=True)
    store(
        f"{place.state}/seen.json",
        Remembered(at=BEGIN - 5, verdicts={"chat-1": Verdict("ill", "503")}),
    )
    said = json.dumps({"lets": ["chat-1"]})
    assert answered(place, said, {"10.0.0.9": "gate1"}) == ""
    assert exchange.heard(place, ["gate1"], LIMITS, BEGIN) == {}
    answer = answered(place, said, {"127.0.0.1": "gate1"})
    assert exchange.read_answer(answer, LIMITS) == {"chat-1": Verdict("ill", "503")}
    assert exchange.heard(place, ["gate1"], LIMITS, BEGIN + 59) == {"gate1": ["chat-1"]}
    # It spoke after the look had begun, which waits for an engine that hangs.
    assert exchange.heard(place, ["gate1"], LIMITS, BEGIN - 9) == {"gate1": ["chat-1"]}
    # A gateway that has said nothing for long has said nothing.
    assert exchange.heard(place, ["gate1"], LIMITS, BEGIN + LIMITS.gap_seconds) == {}


def test_what_is_no_connection_is_answered_nothing(tmp_path: Path) -> None:
    command = program(Place(str(tmp_path), ""), {"127.0.0.1": "gate1"})
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize("said", ["", "{", "[]", '{"lets": 5}', '{"lets": null}'])
def test_nonsense_from_a_gateways_address_is_no_word_of_it(said: str, tmp_path: Path) -> None:
    place = Place(str(tmp_path), "")
    exchange.hear(place, "gate1", said, BEGIN)
    assert exchange.heard(place, ["gate1"], LIMITS, BEGIN) == {}


def test_what_is_remembered_comes_back_and_half_a_file_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    kept = Remembered(at=1.5, restarts={"chat-1": [1.0]}, seen={"chat-2": Verdict("well")})
    store(str(file), kept)
    assert load(str(file)) == kept
    file.write_text(file.read_text()[:40])
    assert load(str(file)) == Remembered()
    file.write_text('{"replicas": {"a": {"of another version": 1}}, "verdicts": {}, "seen": {}}')
    assert load(str(file)) == Remembered()
