"""A run with `--limit` drains at gateways outside of it: those it locks, too, before it does.

The fleet is the rolling updates' own; each test begins where the one before it has ended.
"""

import pytest

from deploys.history.holder import lock_text
from tests.e2e.release_steps import STRANGER
from tests.e2e.rolling_fleet import STORE, Fleet
from tests.e2e.zero_loss import LIMIT_SECONDS
from tests.lab.host import text_file

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(600)]


def test_a_limited_run_drains_nothing_while_another_one_has_a_gateway(fleet: Fleet) -> None:
    """As two would that are limited to different hosts, and have replicas of one pool."""
    fleet.render(drain_seconds=LIMIT_SECONDS, batch_tokens=136)
    current, before = fleet.current(), fleet.containers()
    gate = fleet.lab.host("gate1")
    gate.put({f"{STORE}/lock": text_file(lock_text(STRANGER))})
    try:
        done = fleet.apply("--limit", "gpu2")
        left = fleet.locks()
    finally:
        gate.run(f"rm --force {STORE}/lock")
    assert done.code == 8, done.text
    assert "error: gate1 is locked by ana@elsewhere for the apply of release abc" in done.text
    assert not [line for line in done.rollout if "drained at" in line]
    assert left == {"gate1": STRANGER.run}
    assert (fleet.current(), fleet.containers()) == (current, before)
    assert (fleet.marks(), fleet.drained()) == ([], "")


def test_what_an_operator_drains_stays_drained_through_a_limited_apply(fleet: Fleet) -> None:
    """What was rendered last could not be applied yet."""
    assert fleet.homeport("drain", "lab", "chat-3", "--reason", "a noisy fan").code == 0
    assert fleet.drained() == "chat-3"
    locks = []

    def told(line: str) -> None:
        if "chat-1 on gpu1: drained at gate1" in line:
            locks.append(fleet.locks())

    done = fleet.apply("--limit", "gpu1", told=told)
    assert done.code == 0, done.text
    # The gateway is outside of the limit, drained at all the same, and locked by the same run.
    assert [set(held) for held in locks] == [{"gate1", "gpu1"}]
    assert len(set(locks[0].values())) == 1
    assert fleet.locks() == {}
    assert "chat-3 on gpu1: stays drained" in done.text
    assert "on gpu2" not in " ".join(done.rollout)
    assert fleet.drained() == "chat-3"
    assert "chat-3 is drained by" in fleet.homeport("drift", "lab").text
    assert fleet.homeport("undrain", "lab", "chat-3").code == 0
    assert (fleet.drained(), fleet.marks()) == ("", [])
