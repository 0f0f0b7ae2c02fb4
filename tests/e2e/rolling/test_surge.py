"""A pool of one replica is updated while it serves: a stand-in answers meanwhile.

The fleet is the rolling updates' own; each test begins where the one before it has ended.
"""

import signal
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.told_command import Done
from tests.e2e.zero_loss import LIMIT_SECONDS

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(600)]

SURGE: Mapping[str, Any] = {
    "replicas": 1,
    "hosts": ["gpu1"],
    # The plan's own choice: there is memory for a second one.
    "rollout": None,
    "drain_seconds": LIMIT_SECONDS,
}
SHORT = [3, 4] * 6


@pytest.fixture(scope="module")
def first(fleet: Fleet) -> Done:
    """The apply that brings the pool, and the gateway the name of its stand-in."""
    fleet.render(batch_tokens=448, **SURGE)
    why = "a second one fits beside it and serves meanwhile"
    assert f"replaced by surge ({why})" in fleet.homeport("plan", "lab").text
    dry = fleet.homeport("apply", "lab", "--dry").text
    assert f"chat-1 on gpu1: would be replaced by surge: {why}" in dry
    assert "gate1 does not know chat-1-surge yet" in dry
    return fleet.apply()


@pytest.fixture
def alone(fleet: Fleet, first: Done) -> Fleet:
    """The fleet with one replica that is replaced by surge."""
    assert first.code == 0, first.text
    return fleet


def _told(done: Done) -> list[str]:
    """The rollout, without its numbers."""
    return [line.partition(" while it gives")[0] for line in done.rollout]


def test_a_gateway_that_does_not_know_the_stand_in_is_said_aloud(alone: Fleet, first: Done) -> None:
    words = "chat-1 on gpu1: replaced without a stand-in: gate1 will know it when this run ends"
    assert words in first.rollout
    assert set(alone.containers()) == {"chat-1"}


def test_a_pool_of_one_loses_no_request_while_it_is_replaced(
    alone: Fleet, figure: Callable[[str], None]
) -> None:
    before = alone.containers()
    alone.render(batch_tokens=192, **SURGE)
    with streaming(alone.url, KEY, SHORT, len(SHORT)) as load:
        done = alone.apply()
    assert done.code == 0, done.text
    assert _told(done)[-6:] == [
        "chat-1-surge on gpu1: starts",
        "chat-1-surge on gpu1: stands in for chat-1, and answers right",
        "chat-1 on gpu1: drained at gate1",
        "chat-1 on gpu1: replaced, and answers right",
        "chat-1-surge on gpu1: drained at gate1",
        "chat-1-surge on gpu1: removed",
    ]
    by_stand_in = [one for one in load.whole() if one.replica.endswith(":9501")]
    figure(
        f"surge of a pool of one: {len(load.answers)} requests: {len(load.whole())} whole "
        f"({len(by_stand_in)} by the stand-in), {len(load.cut())} cut, "
        f"{len(load.refused())} refused"
    )
    assert (load.refused(), load.cut()) == ([], [])
    assert len(by_stand_in) > len(SHORT)
    after = alone.containers()
    assert set(after) == {"chat-1"}
    assert after != before
    assert (alone.marks(), alone.drained()) == ([], "")
    assert alone.current() == alone.committed()


def test_a_stand_in_that_never_becomes_healthy_leaves_everything_untouched(alone: Fleet) -> None:
    current, before = alone.current(), alone.containers()
    alone.render("never-healthy", batch_tokens=192, **SURGE)
    with streaming(alone.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        done = alone.apply()
    assert done.code == 6, done.text
    failed = "error: chat-1-surge on gpu1: it never became healthy; chat-1 was never drained"
    assert failed in done.text
    log = alone.lab.host("gpu1").run("cat /srv/homeport/failed/chat-1-surge.log")
    assert "behaviour: never healthy" in log
    assert not [line for line in done.rollout if "drained at" in line]
    assert (alone.containers(), alone.current()) == (before, current)
    assert (alone.marks(), alone.drained()) == ([], "")
    assert (load.refused(), load.cut()) == ([], [])


def test_a_stand_in_that_a_killed_apply_has_left_serves_until_the_next_one_is_done(
    alone: Fleet,
) -> None:
    alone.render(batch_tokens=256, **SURGE)
    with streaming(alone.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        killed = alone.homeport("apply", "lab", kill_at="chat-1-surge on gpu1: starts")
        assert killed.code == -signal.SIGKILL
        assert alone.marks() == []
        # What that one has left serves nobody: it makes room for another.
        killed = alone.homeport("apply", "lab", kill_at="chat-1 on gpu1: drained at")
        assert killed.code == -signal.SIGKILL
        assert alone.marks() == ["chat-1-surge.serves", "chat-1.apply"]
        found = alone.homeport("drift", "lab")
        assert found.code == 2
        assert "stand-in of chat-1" in found.text
        assert "gate1: chat-1-surge serves" in found.text
        # The gateway is outside of the limit, and all the same asked what serves.
        done = alone.apply("--limit", "gpu1")
    assert done.code == 0, done.text
    told = "chat-1-surge on gpu1: was left serving by a run that died; it answers right and goes on"
    assert told in done.rollout
    assert set(alone.containers()) == {"chat-1"}
    assert (alone.marks(), alone.drained()) == ([], "")
    assert alone.current()["gpu1"] == alone.committed()["gpu1"]
    assert (load.refused(), load.cut()) == ([], [])
