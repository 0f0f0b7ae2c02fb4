"""The watch on a served fleet: a real engine hangs under load, and serves again by itself."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from deploys.questions.watch import unit_names
from tests.lab.network import address
from tests.lab.served import NAME, POOL, Served
from tests.lab.waiting import until
from tests.operations.store_lab import OUTSIDE_NUMBER
from tests.served.steady_load import steady_load
from tests.served.watched_fleet import (
    MENDED,
    OUT,
    SECRET,
    TEXTFILES,
    WATCH,
    account,
    counted,
    gateway_knows_all_to_be_well,
    heard,
    marks,
    metrics,
    remembered,
    restarts,
    running,
    told,
    wait_for_a_look,
    workers,
)
from tests.served.webhook import Webhook, webhook

pytestmark = [pytest.mark.docker, pytest.mark.root]

ENGINE = "pgrep --exact llama-server"
LOOKS = f"homeport-watch-{NAME}.service"


@pytest.fixture(scope="module")
def hook(served_lab: Served) -> Iterator[Webhook]:
    """Outside the fleet, on the lab's network."""
    with webhook(address(served_lab.lab.name, OUTSIDE_NUMBER), "/watch") as found:
        yield found


@pytest.fixture(scope="module")
def watched(served_lab: Served, hook: Webhook) -> Iterator[Served]:
    """The served fleet with a watch on each host, as an apply has brought it."""
    secret = served_lab.checkout.path / SECRET
    secret.touch(0o600)
    secret.write_text(f"{hook.url}\n")
    for host in served_lab.lab.hosts:
        host.run(f"mkdir -p {TEXTFILES}")
    served_lab.commit(watch=WATCH)
    served_lab.apply()
    assert served_lab.findings() == []
    gateway_knows_all_to_be_well(served_lab)
    yield served_lab
    served_lab.put_back()


@pytest.fixture
def without_chat_2(watched: Served) -> Iterator[Served]:
    """A person has drained one of the two replicas; afterwards both are well and serve."""
    gateway_knows_all_to_be_well(watched)
    watched.homeport(f"drain {NAME} chat-2 --reason debugging")
    yield watched
    gateway_knows_all_to_be_well(watched)
    watched.homeport(f"undrain {NAME} chat-2")
    assert marks(watched) == []


def test_a_hung_engine_is_taken_out_restarted_and_let_back_under_load(
    watched: Served, hook: Webhook
) -> None:
    before, old = watched.containers()["gpu1/chat-1"], workers(watched)
    before_it, heard_before = counted(watched), len(heard(hook))
    with steady_load(watched) as answers:
        answers.wait_for_more(10)
        with (
            told(watched, "gate1", "chat-1 taken out", "chat-1 let back"),
            told(watched, "gpu1", "chat-1 restarted"),
        ):
            watched.host("gpu1").run(f"kill -STOP $({ENGINE})")
            _wait_until_it_is_out(watched)
            until(lambda: (new := workers(watched)) and not new & old)
            out = time.monotonic()
            answers.wait_for_more(10)
        answers.wait_for_more(20)
    assert watched.containers()["gpu1/chat-1"] != before
    # Those that were in it, and none that came after it was out.
    assert answers.begun_since(out) == []
    assert marks(watched) == []
    said = watched.homeport(f"releases {NAME}")
    assert re.search(r"the watch on gate1 +watch: chat-1 taken out", said), said
    until(lambda: metrics(watched, "gate1")[OUT] == 0, account=lambda: account(watched))
    assert counted(watched) - before_it == Counter(MENDED)
    assert sorted(heard(hook)[heard_before:]) == sorted(MENDED)
    assert watched.findings() == []


def _wait_until_it_is_out(served: Served) -> None:
    until(lambda: "chat-1.watch" in marks(served), account=lambda: account(served))
    until(lambda: metrics(served, "gate1")[OUT] == 1, account=lambda: account(served))


def test_the_last_replica_of_a_pool_stays_in_it_and_is_restarted(without_chat_2: Served) -> None:
    before = without_chat_2.containers()["gpu1/chat-1"]
    with told(without_chat_2, "gate1"), told(without_chat_2, "gpu1", "chat-1 restarted"):
        without_chat_2.host("gpu1").run(f"kill -STOP $({ENGINE})")
    until(lambda: without_chat_2.chat().status_code == 200)
    assert without_chat_2.containers()["gpu1/chat-1"] != before
    assert marks(without_chat_2) == ["chat-2.operator"]
    kept = f"journalctl --no-pager -u {LOOKS} | grep 'chat-1: sick, and kept in its pool'"
    assert without_chat_2.host("gate1").run(kept)


def test_what_restarts_have_not_mended_is_left_to_a_person_who_is_told(
    without_chat_2: Served, hook: Webhook
) -> None:
    """Whatever the hour has seen before, the bound is reached, and an engine hangs once more."""
    host, bound = without_chat_2.host("gpu1"), WATCH["restarts_per_hour"]
    while len(remembered(without_chat_2, "gpu1")["restarts"]["chat-1"]) < bound:
        with told(without_chat_2, "gpu1", "chat-1 restarted"):
            host.run(f"kill -STOP $({ENGINE})")
        gateway_knows_all_to_be_well(without_chat_2)
    before, engine = without_chat_2.containers()["gpu1/chat-1"], host.run(ENGINE)
    host.run(f"kill -STOP {engine}")
    try:
        until(
            lambda: ("gpu1", "chat-1", "not restarted") in heard(hook),
            every_seconds=1,
            account=lambda: account(without_chat_2),
        )
        wait_for_a_look(without_chat_2, "gpu1")
        assert without_chat_2.containers()["gpu1/chat-1"] == before
    finally:
        host.run(f"kill -CONT {engine}")
    (reason,) = {one["reason"] for one in hook.told if one["what"] == "not restarted"}
    assert reason == f"{bound} restarts within an hour have not mended it; a person must look"
    assert without_chat_2.chat().status_code == 200


def test_a_full_engine_is_no_sick_one(watched: Served, hook: Webhook) -> None:
    """Both of its slots compute long answers, at each of more looks than silence may last."""
    gateway_knows_all_to_be_well(watched)
    before, before_it, heard_before = watched.containers(), counted(watched), heard(hook)
    with steady_load(watched, clients=8, tokens=400):
        for _ in range(WATCH["silent_seconds"] // WATCH["look_seconds"] + 1):
            until(lambda: running(watched) == POOL["slots"], account=lambda: account(watched))
            wait_for_a_look(watched, "gpu1")
            assert remembered(watched, "gpu1")["verdicts"]["chat-1"]["state"] == "well"
    assert (watched.containers(), marks(watched), heard(hook)) == (before, [], heard_before)
    assert counted(watched) == before_it


def test_what_an_operator_has_drained_may_hang_for_as_long_as_it_likes(
    without_chat_2: Served,
) -> None:
    before = without_chat_2.containers()["gpu2/chat-2"]
    host = without_chat_2.host("gpu2")
    engine = host.run(ENGINE)
    host.run(f"kill -STOP {engine}")
    try:
        until(
            lambda: remembered(without_chat_2, "gpu2")["verdicts"]["chat-2"]["state"] == "silent",
            every_seconds=1,
            account=lambda: account(without_chat_2),
        )
        for name in ("gate1", "gpu2") * 3:
            wait_for_a_look(without_chat_2, name)
        assert without_chat_2.containers()["gpu2/chat-2"] == before
        assert marks(without_chat_2) == ["chat-2.operator"]
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
    gateway_knows_all_to_be_well(watched)
    before, restarted = watched.containers(), restarts(watched)
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
    assert (marks(watched), watched.locked(), restarts(watched)) == ([], [], restarted)


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
