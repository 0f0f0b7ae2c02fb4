"""The watch on a served fleet: a real engine hangs under load, and serves again by itself."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploys.questions.watch import unit_names
from tests.lab.served import NAME, STORE, Served
from tests.lab.waiting import until
from tests.served.steady_load import steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

# Patient enough for a machine that is busy with other tests as well.
WATCH = {
    "look_seconds": 5,
    "silent_seconds": 20,
    "stuck_seconds": 60,
    "restarts_per_hour": 10,
}
ENGINE = "pgrep --exact llama-server"
LOOKS = f"homeport-watch-{NAME}.service"


@pytest.fixture(scope="module")
def watched(served_lab: Served) -> Iterator[Served]:
    """The served fleet with a watch on each host, as an apply has brought it."""
    served_lab.commit(watch=WATCH)
    served_lab.apply()
    assert served_lab.findings() == []
    _gateway_knows_all_to_be_well(served_lab)
    yield served_lab
    served_lab.put_back()


@pytest.fixture
def without_chat_2(watched: Served) -> Iterator[Served]:
    """A person has drained one of the two replicas; afterwards both are well and serve."""
    _gateway_knows_all_to_be_well(watched)
    watched.homeport(f"drain {NAME} chat-2 --reason debugging")
    yield watched
    _gateway_knows_all_to_be_well(watched)
    watched.homeport(f"undrain {NAME} chat-2")
    assert _marks(watched) == []


def _gateway_knows_all_to_be_well(served: Served) -> None:
    def well() -> bool:
        seen = _remembered(served, "gate1").get("seen", {})
        return {name: one["state"] for name, one in seen.items()} == {
            "chat-1": "well",
            "chat-2": "well",
        }

    until(well, every_seconds=1, account=lambda: _account(served))


def _remembered(served: Served, name: str) -> dict[str, Any]:
    """What the last look on a host has left; nothing before the first."""
    text = served.host(name).run(f"cat {STORE}/state/watch/seen.json", check=False)
    found: dict[str, Any] = json.loads(text) if text else {}
    return found


def _wait_for_a_look(served: Served, name: str) -> None:
    last = _remembered(served, name)["at"]
    until(
        lambda: _remembered(served, name)["at"] > last,
        every_seconds=1,
        account=lambda: _account(served),
    )


def _account(served: Served) -> str:
    """What the watch of each host has said."""
    look = f"journalctl --no-pager -n 40 -u 'homeport-watch-*'; cat {STORE}/state/watch/*.json"
    return "\n".join(f"{host.name}: {host.run(look, check=False)}" for host in served.lab.hosts)


def _marks(served: Served) -> list[str]:
    """Of all that is drained at the gateway."""
    return served.host("gate1").run(f"ls {STORE}/state/gateway/drained").split()


def _workers(served: Served) -> set[str]:
    """PIDs of the gateway's workers that take connections: those that end say so in their title."""
    lines = served.host("gate1").run("ps -C nginx -o pid=,args=").splitlines()
    return {line.split()[0] for line in lines if line.rstrip().endswith("nginx: worker process")}


def _audit(served: Served, name: str) -> list[str]:
    """Outcomes of the watch's lines on a host."""
    lines = served.host(name).run(f"cat {STORE}/audit.log").splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry["outcome"] for entry in entries if entry["action"] == "watch"]


@contextmanager
def _told(served: Served, name: str, *outcomes: str) -> Iterator[None]:
    """Waits at its end until the watch of a host has told of just that since its beginning."""
    before = _audit(served, name)
    yield
    until(
        lambda: _audit(served, name) == [*before, *outcomes],
        every_seconds=0.5,
        account=lambda: _account(served),
    )


def test_a_hung_engine_is_taken_out_restarted_and_let_back_under_load(watched: Served) -> None:
    before, old = watched.containers()["gpu1/chat-1"], _workers(watched)
    with steady_load(watched) as answers:
        answers.wait_for_more(10)
        with (
            _told(watched, "gate1", "chat-1 taken out", "chat-1 let back"),
            _told(watched, "gpu1", "chat-1 restarted"),
        ):
            watched.host("gpu1").run(f"kill -STOP $({ENGINE})")
            until(lambda: "chat-1.watch" in _marks(watched), account=lambda: _account(watched))
            until(lambda: (new := _workers(watched)) and not new & old)
            out = time.monotonic()
            answers.wait_for_more(10)
        answers.wait_for_more(20)
    assert watched.containers()["gpu1/chat-1"] != before
    # Those that were in it, and none that came after it was out.
    assert answers.begun_since(out) == []
    assert _marks(watched) == []
    said = watched.homeport(f"releases {NAME}")
    assert re.search(r"the watch on gate1 +watch: chat-1 taken out", said), said
    assert watched.findings() == []


def test_the_last_replica_of_a_pool_stays_in_it_and_is_restarted(without_chat_2: Served) -> None:
    before = without_chat_2.containers()["gpu1/chat-1"]
    with _told(without_chat_2, "gate1"), _told(without_chat_2, "gpu1", "chat-1 restarted"):
        without_chat_2.host("gpu1").run(f"kill -STOP $({ENGINE})")
    until(lambda: without_chat_2.chat().status_code == 200)
    assert without_chat_2.containers()["gpu1/chat-1"] != before
    assert _marks(without_chat_2) == ["chat-2.operator"]
    kept = f"journalctl --no-pager -u {LOOKS} | grep 'chat-1: sick, and kept in its pool'"
    assert without_chat_2.host("gate1").run(kept)


def test_what_an_operator_has_drained_may_hang_for_as_long_as_it_likes(
    without_chat_2: Served,
) -> None:
    before = without_chat_2.containers()["gpu2/chat-2"]
    host = without_chat_2.host("gpu2")
    engine = host.run(ENGINE)
    host.run(f"kill -STOP {engine}")
    try:
        until(
            lambda: _remembered(without_chat_2, "gpu2")["verdicts"]["chat-2"]["state"] == "silent",
            every_seconds=1,
            account=lambda: _account(without_chat_2),
        )
        for name in ("gate1", "gpu2") * 3:
            _wait_for_a_look(without_chat_2, name)
        assert without_chat_2.containers()["gpu2/chat-2"] == before
        assert _marks(without_chat_2) == ["chat-2.operator"]
    finally:
        host.run(f"kill -CONT {engine}")
    assert without_chat_2.chat().status_code == 200


def test_hosts_with_engines_answer_their_gateway_and_nobody_else(watched: Served) -> None:
    address = watched.host("gpu1").address
    script = f"""exec 3<>/dev/tcp/{address}/8999
printf '{{"lets": []}}\\n' >&3
cat <&3
"""
    said = {
        name: watched.host(name).run("timeout 30 bash 2>&-", check=False, given=script.encode())
        for name in ("gate1", "gpu2")
    }
    assert "age_seconds" in said["gate1"]
    assert said["gpu2"] == ""


def test_a_replica_that_is_killed_is_back_by_itself_and_nobody_else_acts(
    watched: Served, figure: Callable[[str], None]
) -> None:
    _gateway_knows_all_to_be_well(watched)
    before, restarts = watched.containers(), _restarts(watched)
    command = f".venv/bin/pytest checks/check_failover.py --environment={NAME} --disruptive -q"
    done = watched.checkout.run(f"{command} --results=failover.jsonl", expect=None)
    results = watched.checkout.path / "failover.jsonl"
    (found,) = [json.loads(line) for line in results.read_text().splitlines()]
    results.unlink()
    assert found["result"] == "passed", done.stdout + done.stderr
    figure(f"failover: {found['message']}")
    after = watched.containers()
    changed = [name for name, state in after.items() if state != before[name]]
    assert len(changed) == 1
    assert after[changed[0]].split()[0] == before[changed[0]].split()[0]
    assert (_marks(watched), watched.locked(), _restarts(watched)) == ([], [], restarts)


def _restarts(served: Served) -> list[object]:
    """What the watch has restarted, and when."""
    return [_remembered(served, name).get("restarts") for name in ("gpu1", "gpu2")]


def test_verify_asks_the_watch_and_an_inventory_without_it_takes_it_away(watched: Served) -> None:
    done = watched.checkout.run(f".venv/bin/homeport verify {NAME} --json", expect=None)
    checks = json.loads(done.stdout)["checks"]
    found = {check["check"]: check["result"] for check in checks if "the watch" in check["check"]}
    assert found == {
        "the watch is started by systemd": "passed",
        "the watch has looked lately": "passed",
    }
    watched.commit()
    watched.apply()
    for host in watched.lab.hosts:
        units = " ".join(f"/etc/systemd/system/{unit}" for unit in unit_names(NAME))
        assert host.run(f"ls {units} 2>/dev/null", check=False) == ""
        assert host.run("systemctl list-units --all --plain --no-legend 'homeport-w*'") == ""
    assert watched.findings() == []
