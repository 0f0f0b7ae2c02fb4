"""A rollback dies on the way and is begun again: no answer is lost, and it ends where it went.

The fleet is the rolling updates' own; each test begins where the one before it has ended.
"""

import signal

import pytest

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.zero_loss import AMPLE_SECONDS, REPLICAS, assert_each_replaced_once

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

# One token each second: the replica is in the middle of some when the run that drains it dies.
STREAMS = [3, 4, 5] * 8


def test_a_rollback_that_is_killed_and_begun_again_loses_nothing_and_ends_where_it_went(
    fleet: Fleet,
) -> None:
    earlier = fleet.current()
    fleet.render(drain_seconds=AMPLE_SECONDS, batch_tokens=224)
    applied = fleet.apply()
    assert applied.code == 0, applied.text
    later, before = fleet.current(), fleet.containers()
    assert all(later[name] != earlier[name] for name in ("gpu1", "gpu2"))
    with streaming(fleet.url, KEY, STREAMS, len(STREAMS)) as load:
        killed = fleet.homeport("rollback", "lab", kill_at="chat-2 on gpu2: drained")
        assert killed.code == -signal.SIGKILL
        assert fleet.marks() == ["chat-2.apply"]
        assert fleet.current() == later
        done = fleet.homeport("rollback", "lab")
    assert done.code == 0, done.text
    assert_each_replaced_once(killed, done)
    assert (load.refused(), load.cut()) == ([], [])
    assert set(fleet.containers()) == set(REPLICAS)
    assert not set(fleet.containers().values()) & set(before.values())
    assert (fleet.marks(), fleet.drained()) == ([], "")
    assert fleet.current() == earlier
