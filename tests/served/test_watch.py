"""The watch on a served fleet: a real engine hangs under load, and serves again by itself."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from deploys.questions.watch import unit_names
from tests.lab.served import NAME, STORE, Served
from tests.lab.waiting import until
from tests.served.steady_load import CLIENTS, steady_load

pytestmark = [pytest.mark.docker, pytest.mark.root]

# As impatient as the settings allow: the tiny model's longest step takes some milliseconds.
WATCH = {"look_seconds": 5, "silent_seconds": 10, "stuck_seconds": 20, "start_seconds": 60}
ENGINE = "pgrep --exact llama-server"


@pytest.fixture(scope="module")
def watched(served_lab: Served) -> Iterator[Served]:
    """The served fleet with a watch on each host, as an apply has brought it."""
    served_lab.commit(watch=WATCH)
    served_lab.apply()
    assert served_lab.findings() == []
    _each_host_has_looked(served_lab)
    yield served_lab
    served_lab.put_back()


def _each_host_has_looked(served: Served) -> None:
    """And the gateway has heard of every replica that it is well."""

    def well() -> bool:
        text = served.host("gate1").run(f"cat {STORE}/state/watch/seen.json", check=False)
        seen = json.loads(text)["seen"] if text else {}
        return {name: one["state"] for name, one in seen.items()} == {
            "chat-1": "well",
            "chat-2": "well",
        }

    until(well, every_seconds=1, account=lambda: _account(served))


def _account(served: Served) -> str:
    """What the watch of each host has said."""
    look = f"journalctl --no-pager -n 40 -u 'homeport-watch-*'; cat {STORE}/state/watch/*.json"
    return "\n".join(f"{host.name}: {host.run(look, check=False)}" for host in served.lab.hosts)


def _marks(served: Served) -> str:
    return served.host("gate1").run(f"ls {STORE}/state/gateway/drained")


def _audit(served: Served, name: str) -> list[str]:
    """Outcomes of the watch's lines on a host."""
    lines = served.host(name).run(f"cat {STORE}/audit.log").splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry["outcome"] for entry in entries if entry["action"] == "watch"]


def test_a_hung_engine_is_taken_out_restarted_and_let_back_under_load(watched: Served) -> None:
    before = watched.containers()["gpu1/chat-1"]
    with steady_load(watched) as answers:
        answers.wait_for_more(10)
        watched.host("gpu1").run(f"kill -STOP $({ENGINE})")
        until(lambda: "chat-1.watch" in _marks(watched), account=lambda: _account(watched))
        # The mark is there before nginx has loaded it.
        time.sleep(3)
        out = time.monotonic()
        answers.wait_for_more(10)
        until(
            lambda: watched.containers().get("gpu1/chat-1", before) != before,
            every_seconds=0.5,
            account=lambda: _account(watched),
        )
        until(lambda: "chat-1.watch" not in _marks(watched), account=lambda: _account(watched))
        answers.wait_for_more(20)
    # Each client may have had one request in it, and none after it was out.
    assert len(answers.bad) <= CLIENTS, answers.bad
    assert answers.begun_since(out) == []
    assert _audit(watched, "gate1")[-2:] == ["chat-1 taken out", "chat-1 let back"]
    assert _audit(watched, "gpu1")[-1:] == ["chat-1 restarted"]
    said = watched.homeport(f"releases {NAME}")
    assert re.search(r"the watch on gate1 +watch: chat-1 taken out", said), said
    assert watched.findings() == []


def test_what_an_operator_has_drained_may_hang_for_as_long_as_it_likes(watched: Served) -> None:
    _each_host_has_looked(watched)
    before = watched.containers()["gpu2/chat-2"]
    watched.homeport(f"drain {NAME} chat-2 --reason debugging")
    engine = watched.host("gpu2").run(ENGINE)
    watched.host("gpu2").run(f"kill -STOP {engine}")
    try:
        look = f"journalctl --no-pager -u homeport-watch-{NAME}.service | grep 'chat-2: not rest'"
        until(lambda: watched.host("gpu2").run(look, check=False), every_seconds=1)
        time.sleep(3 * WATCH["look_seconds"])
        assert watched.containers()["gpu2/chat-2"] == before
        assert "chat-2.watch" not in _marks(watched)
    finally:
        watched.host("gpu2").run(f"kill -CONT {engine}")
    watched.homeport(f"undrain {NAME} chat-2")
    assert watched.chat().status_code == 200


def test_hosts_with_engines_answer_their_gateway_and_nobody_else(watched: Served) -> None:
    address = watched.host("gpu1").address
    script = f"""exec 3<>/dev/tcp/{address}/8999
printf '{{"lets": []}}\\n' >&3
timeout 20 cat <&3
"""
    said = {
        name: watched.host(name).run("bash 2>/dev/null", check=False, given=script.encode())
        for name in ("gate1", "gpu2")
    }
    assert "age_seconds" in said["gate1"]
    assert said["gpu2"] == ""


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
