"""Whole looks of the watch: from what engines answer to what nginx includes and Docker restarts."""

import sys
from dataclasses import replace

import pytest

from deploys.watching import exchange, main
from tests.lab.fake_driver import FakeDriver
from tests.lab.gpus import Gpu, gpu_uuid
from tests.watching.looks import LIMITS
from tests.watching.watched_host import RIGHT, WatchedHost, words


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


def test_a_drain_during_a_proof_keeps_the_other_replica_in_its_pool(host: WatchedHost) -> None:
    """A proof may take two minutes: what was decided before it is decided again."""
    host.engines["chat-1"].health = 0
    host.look(3)
    host.engines["chat-1"].health = 200
    # While chat-1 is asked for an answer, which it does not give, a person drains chat-2.
    drain = f"touch {host.store}/state/gateway/drained/chat-2.operator; echo; echo 500"
    docker = host.root / "bin" / "docker"
    docker.write_text(docker.read_text().replace("cat answer", drain))
    assert host.look() == ["chat-2.operator"]


def test_a_docker_that_says_nothing_changes_nothing(
    host: WatchedHost, capsys: pytest.CaptureFixture[str]
) -> None:
    (host.root / "broken").touch()
    assert host.look(8) == []
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


def test_a_host_that_says_nothing_is_told_once_and_its_replicas_stay(
    host: WatchedHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = {**words()["gateway"], "hosts": {"gpu2": "10.0.0.2"}}
    gateway["pools"] = {"chat": ["chat-1", "chat-2", "far-1"]}

    ages = iter(range(61, 99))

    def silent(*_: object) -> None:
        raise exchange.Silent(f"its last look is {next(ages)} s old")

    monkeypatch.setattr(exchange, "ask", silent)
    for _ in range(4):
        main.run(host.place, words(gateway=gateway), host.now)
        host.now += 15
    assert host.look() == []
    assert capsys.readouterr().out.count("gpu2: says nothing of its replicas (its last look") == 1


def test_a_gpu_that_was_unfit_is_so_until_its_driver_says_otherwise(
    host: WatchedHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that hangs meanwhile has said nothing of it."""
    # nvidia-smi is asked: in this process the linker has looked for libraries already.
    monkeypatch.setitem(sys.modules, "checks.probes.on_host.health_by_nvml", None)
    driver = FakeDriver(host.root / "nvml").has(Gpu("h100"))
    driver.answers_nvidia_smi(monkeypatch)
    told = words()
    told["engines"]["replicas"]["chat-1"] = [gpu_uuid("gpu1", 0)]
    for file, changes, marks in (
        ("gpus/0/state", {"field.230": "1"}, ["chat-1.watch"]),
        ("system", {"init": "!9"}, ["chat-1.watch"]),
        ("system", {"init": None}, ["chat-1.watch"]),
        ("gpus/0/state", {"field.230": "0"}, []),
    ):
        driver.change(file, changes)
        host.now += 60
        main.run(host.place, told, host.now)
        assert [one.name for one in (host.store / "state/gateway/drained").iterdir()] == marks
    assert host.lines("restarts") == []
    assert "GPUs: say nothing (python3 has no ctypes; nvidia-smi: " in capsys.readouterr().out
