"""The lock on the real demo: two applies at once, stale locks, killed and interrupted runs."""

import os
import signal
import time

import pytest

from tests.e2e.checkout import Checkout, containers
from tests.e2e.release_steps import (
    SETTINGS,
    audit_lines,
    lay_strangers_lock,
    start,
    wait_for_lock,
)

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_of_two_applies_at_once_one_is_told_8_and_touches_nothing(changed: Checkout) -> None:
    changed.edit(SETTINGS, '"replicas": 2', '"replicas": 3')
    changed.homeport("render local")
    command = ".venv/bin/homeport apply local --no-verify --reason"
    runs = {name: start(changed, f"{command} {name}") for name in ("run1", "run2")}
    output = {name: run.communicate(timeout=300)[0] for name, run in runs.items()}
    assert sorted(run.returncode for run in runs.values()) == [0, 8]
    lost, won = sorted(output, key=lambda name: "is locked by" not in output[name])
    assert f"({won})" in output[lost]
    assert "seconds ago" in output[lost]
    assert "Success" not in output[lost]
    reasons = [line["reason"] for line in audit_lines(changed)]
    assert (reasons.count(won), reasons.count(lost)) == (1, 0)
    assert not (changed.directory / "lock").exists()


def test_a_stale_lock_is_refused_with_8_and_broken_knowingly(changed: Checkout) -> None:
    lock = lay_strangers_lock(changed)
    before = containers()
    for command in ("apply local --no-verify", "rollback local --limit localhost"):
        refusal = changed.homeport(command, expect=None)
        assert "is locked by ana@elsewhere for the apply of release abc (a try)" in refusal
        assert "days ago" in refusal
        assert "hint: " in refusal
    assert "locked by ana@elsewhere" in changed.homeport("releases local")
    changed.run(".venv/bin/pyinfra -y inventories/local.py deploys/site.py", expect=1)
    assert lock.exists()
    assert containers() == before
    assert "--yes" in changed.homeport("unlock local", expect=3)
    assert lock.exists()
    changed.homeport("unlock local --yes --reason 'ana is on holiday'")
    assert not lock.exists()
    assert "ana is on holiday" in audit_lines(changed)[-1]["outcome"]
    changed.homeport("apply local --no-verify")


@pytest.mark.parametrize("seconds", [0.0, 1.0, 3.0])
def test_an_apply_that_is_killed_half_way_can_be_run_again(
    changed: Checkout, seconds: float
) -> None:
    before = containers()
    changed.edit(SETTINGS, '"replicas": 2', '"replicas": 3')
    changed.homeport("render local")
    run = start(changed, ".venv/bin/homeport apply local --no-verify")
    wait_for_lock(changed)
    time.sleep(seconds)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert (changed.directory / "lock").exists()
    changed.homeport("apply local")
    assert set(containers()) == {*before, "chat-3"}
    assert {name: containers()[name] for name in before} == before
    assert not (changed.directory / "lock").exists()
    assert "died" in [line["outcome"] for line in audit_lines(changed)]
    changed.homeport("drift local")


def test_an_apply_that_is_interrupted_releases_its_lock(changed: Checkout) -> None:
    changed.edit(SETTINGS, '"replicas": 2', '"replicas": 3')
    changed.homeport("render local")
    run = start(changed, ".venv/bin/homeport apply local --no-verify")
    wait_for_lock(changed)
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "stopped by Ctrl-C" in output
    assert not (changed.directory / "lock").exists()
