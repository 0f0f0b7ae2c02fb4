"""Ctrl-C in the middle of a rollout: it ends, frees every host, and the next apply goes on.

The fleet is the rolling updates' own; each test begins where the one before it has ended.
"""

import signal

import pytest

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.told_command import Done
from tests.e2e.zero_loss import AMPLE_SECONDS, assert_each_replaced_once

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(900)]

# One token each second: what is drained gives some of the long ones while the run waits for it.
STREAMS = [3, 4, 12] * 8
LONGEST_ENDING_SECONDS = 60


def test_a_rollout_that_is_interrupted_while_it_waits_frees_every_host_and_loses_nothing(
    fleet: Fleet,
) -> None:
    fleet.render(drain_seconds=AMPLE_SECONDS, batch_tokens=120)
    before, words = fleet.containers(), ("apply", "lab", "--no-verify")
    with streaming(fleet.url, KEY, STREAMS, len(STREAMS)) as load:
        stopped = fleet.homeport(*words, kill_at="chat-2 on gpu2: drained", by=signal.SIGINT)
        _assert_stopped(fleet, stopped)
        assert fleet.containers()["chat-2"] == before["chat-2"]
        assert fleet.marks() == ["chat-2.apply"]
        done = fleet.apply()
    assert done.code == 0, done.text
    assert_each_replaced_once(stopped, done)
    assert (load.refused(), load.cut()) == ([], [])
    assert (fleet.marks(), fleet.drained()) == ([], "")
    assert fleet.current() == fleet.committed()


def _assert_stopped(fleet: Fleet, stopped: Done) -> None:
    """In time, with its words, and with no host locked."""
    assert stopped.code == 1, stopped.text
    assert "stopped by Ctrl-C" in stopped.text
    assert "Traceback" not in stopped.text
    assert stopped.ending_seconds < LONGEST_ENDING_SECONDS
    assert fleet.locks() == {}
    # The first host by name carries the whole rollout; the others had come to its end.
    rollout = "stopped at Replace running engines, one after the other"
    assert fleet.last_audit("gate1") == rollout
    assert all(fleet.last_audit(name).startswith("stopped at ") for name in ("gpu1", "gpu2"))
