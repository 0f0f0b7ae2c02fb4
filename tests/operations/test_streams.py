"""How many answers a replica gives, and which of them were cut, from what kernel and nginx say."""

import json
from types import SimpleNamespace
from typing import cast

import pytest
from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from deploys.operations import streams
from deploys.operations.gateways import Gateway
from deploys.operations.streams import Cut, broken_off, count_connections, cut_answers

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
# 172.18.0.3:8080 as the kernel writes it, and 198.18.0.11.
LOCAL, GATEWAY, LOOPBACK = "030012AC:1F90", "0B0012C6:C35A", "0100007F:C35A"
MAPPED = "0000000000000000FFFF00000100007F:9C40"


def _line(local: str, remote: str, state: str) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 10001"


def test_established_connections_from_elsewhere_are_answers() -> None:
    lines = [HEADER, _line(LOCAL, GATEWAY, "01"), _line(LOCAL, GATEWAY, "01")]
    assert count_connections(lines) == 2


def test_listeners_closed_connections_other_ports_and_the_inside_do_not_count() -> None:
    lines = [
        HEADER,
        _line("00000000:1F90", "00000000:0000", "0A"),
        _line(LOCAL, GATEWAY, "06"),
        _line("030012AC:1F91", GATEWAY, "01"),
        _line("0100007F:1F90", LOOPBACK, "01"),
        _line("0000000000000000FFFF00000100007F:1F90", MAPPED, "01"),
        _line("00000000000000000000000001000000:1F90", "0" * 24 + "01000000:9C40", "01"),
    ]
    assert count_connections(lines) == 0


def _entry(connection: int, request: str) -> str:
    return json.dumps({"connection": connection, "request_id": request, "client": "demo"})


def _error(connection: int, upstream: str, stage: str = "reading upstream") -> str:
    return (
        f"2026/11/25 21:30:51 [error] 5#5: *{connection} upstream prematurely closed connection "
        f'while {stage}, client: 10.0.0.9, server: , request: "POST /v1/completions HTTP/1.1", '
        f'upstream: "http://{upstream}/v1/chat/completions", host: "gate1:8080"'
    )


def test_the_last_request_of_a_connection_that_the_engine_broke_is_the_one_that_was_cut() -> None:
    lines = [_entry(7, "before"), _error(7, "10.0.0.2:9001"), _entry(7, "cut"), _entry(8, "whole")]
    found = broken_off(lines, ("10.0.0.2:9001",))
    assert found == [Cut("cut", "demo")]
    assert str(found[0]) == "cut (client demo)"


def test_another_engine_and_a_request_that_went_to_the_next_replica_were_not_cut() -> None:
    lines = [
        _error(7, "10.0.0.3:9001"), _entry(7, "of another"),
        _error(8, "10.0.0.2:9001", "reading response header from upstream"), _entry(8, "retried"),
    ]  # fmt: skip
    assert broken_off(lines, ("10.0.0.2:9001",)) == []


def test_logs_are_read_from_a_moment_of_the_gateways_own_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However late the question arrives."""
    asked: list[str] = []

    def run(_: Host, command: StringCommand) -> str:
        asked.append(str(command))
        return "\n".join([_error(7, "10.0.0.2:9001"), _entry(7, "cut")])

    monkeypatch.setattr(streams, "run", run)
    gateway = Gateway(cast("Host", SimpleNamespace(name="gate1")), "/srv/homeport", "gateways")
    found = cut_answers([(gateway, "1795756800.250")], ("10.0.0.2:9001",))
    assert found == [Cut("cut", "demo")]
    assert "--since 1795756800.250 " in asked[0]


@pytest.mark.parametrize(
    ("workers", "waited_seconds"),
    [
        pytest.param(["0"], 0, id="no longer than they are there"),
        pytest.param(["2", "1", "0"], 2, id="until they have ended"),
        pytest.param(["1"] * 60, 20, id="as long as an answer may take to end, at most"),
    ],
)
def test_old_workers_are_waited_for(
    workers: list[str], waited_seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have the replica down that was restored last: the next one drained would be all lost."""
    clock, left = [0.0], iter(workers)
    monkeypatch.setattr(streams, "run", lambda target, command: next(left))
    clock_there = SimpleNamespace(
        monotonic=lambda: clock[0], sleep=lambda seconds: clock.append(clock.pop() + seconds)
    )
    monkeypatch.setattr(streams, "time", clock_there)
    gateway = Gateway(cast("Host", None), "/srv/homeport", "project")
    streams.wait_for_old_workers([gateway], 20)
    assert clock[0] == waited_seconds
