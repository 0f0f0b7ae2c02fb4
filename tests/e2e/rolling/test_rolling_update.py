"""A fleet is updated under steady streaming load: no answer is lost that had time to end.

One fleet for all of it, and each test begins where the one before it has ended.
"""

import re
import signal
from typing import Any

import pytest

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.zero_loss import (
    LEAST_IN_FLIGHT,
    LIMIT_SECONDS,
    REPLICAS,
    assert_nothing_was_lost,
    measured,
    named_as_cut,
)

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

SHORT = [4] * 4


def test_an_update_cuts_no_stream_but_those_that_outlive_the_limit(fleet: Fleet) -> None:
    fleet.render(drain_seconds=LIMIT_SECONDS, batch_tokens=192)
    dry = fleet.homeport("apply", "lab", "--dry")
    assert dry.code == 2
    for name in REPLICAS:
        assert re.search(rf"{name} on gpu\d: would be replaced by shift: 2 other", dry.text)
    assert_nothing_was_lost(measured(fleet, lambda told: fleet.apply(told=told)))
    assert fleet.current() == fleet.committed()


def test_a_rollback_cuts_no_stream_but_those_that_outlive_the_limit(fleet: Fleet) -> None:
    before = fleet.current()
    assert_nothing_was_lost(
        measured(fleet, lambda told: fleet.homeport("rollback", "lab", told=told))
    )
    after = fleet.current()
    assert all(after[name] != before[name] for name in ("gpu1", "gpu2"))


def test_without_draining_the_same_update_cuts_streams(fleet: Fleet) -> None:
    fleet.render(drain_seconds=0, batch_tokens=160)
    found = measured(fleet, lambda told: fleet.apply("--limit", "gpu2", told=told))
    assert found.done.code == 0, found.done.text
    assert "chat-2 on gpu2: replaced, and answers right" in found.done.text
    assert len(found.load.cut()) > LEAST_IN_FLIGHT
    assert {answer.request_id for answer in found.load.cut()} == named_as_cut(found.done)


def test_real_engines_lose_nothing_when_an_apply_is_killed_and_begun_again(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS)
    before = fleet.containers()
    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        killed = fleet.homeport("apply", "lab", kill_at="chat-2 on gpu2: drained")
        assert killed.code == -signal.SIGKILL
        assert fleet.marks() == ["chat-2.apply"]
        # Raw pyinfra does the same as the command.
        done = fleet.pyinfra()
    assert done.code == 0, done.text
    right = [line for line in [*killed.rollout, *done.rollout] if "answers right" in line]
    assert [line.split()[0] for line in right] == REPLICAS
    assert (load.refused(), load.cut()) == ([], [])
    assert not set(fleet.containers().values()) & set(before.values())
    assert (fleet.marks(), fleet.drained()) == ([], "")
    assert fleet.current() == fleet.committed()


@pytest.mark.parametrize(
    ("behaviour", "words", "steady_seconds"),
    [
        ("never-healthy", "it never became healthy", 1),
        # Longer than the double lives: see CRASH_SECONDS in tests/lab/images/engine/engine.py.
        ("crashes", "it ended after it had answered", 13),
        ("garbage", "it answers garbage", 1),
    ],
)
def test_a_bad_release_goes_back_at_its_first_replica(
    fleet: Fleet, behaviour: str, words: str, steady_seconds: int
) -> None:
    """The old ones are real engines by now."""
    current, before = fleet.current(), fleet.containers()
    fleet.render(behaviour, drain_seconds=LIMIT_SECONDS, steady_seconds=steady_seconds)
    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        done = fleet.apply()
    assert done.code == 6, done.text
    assert re.search(rf"error: chat-1 on gpu1: {words}.*went back to its old release", done.text)
    log = re.findall(r"its log: gpu1:(\S+)", done.text)[-1]
    assert f"behaviour: {behaviour.replace('-', ' ')}" in fleet.lab.host("gpu1").run(f"cat {log}")
    after = fleet.containers()
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] != before[name]} == {"chat-1"}
    assert (fleet.current(), fleet.drained(), fleet.marks()) == (current, "", [])
    assert (load.refused(), load.cut()) == ([], [])


def test_a_rollback_after_a_failure_ends_where_the_apply_began(fleet: Fleet) -> None:
    current, before = fleet.current(), fleet.containers()
    done = fleet.homeport("rollback", "lab")
    assert done.code == 0, done.text
    assert done.rollout == []
    assert (fleet.current(), fleet.containers()) == (current, before)


def test_no_replica_is_touched_while_a_gateway_cannot_be_reached(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS, batch_tokens=320)
    before = fleet.containers()
    with fleet.lab.host("gate1").cut_off():
        done = fleet.apply("--limit", "gpu2")
    assert done.code != 0
    assert "hint: gate1 is a gateway: no replica is replaced that cannot be drained" in done.text
    assert fleet.containers() == before


def test_what_an_operator_drains_stays_drained_through_an_apply(fleet: Fleet) -> None:
    """What was rendered last could not be applied yet."""
    assert fleet.homeport("drain", "lab", "chat-3", "--reason", "a noisy fan").code == 0
    assert fleet.drained() == "chat-3"
    # The gateway is outside of the limit, and drained at all the same.
    done = fleet.apply("--limit", "gpu1")
    assert done.code == 0, done.text
    assert "chat-1 on gpu1: drained at gate1" in done.text
    assert "chat-3 on gpu1: stays drained" in done.text
    assert "on gpu2" not in " ".join(done.rollout)
    assert fleet.drained() == "chat-3"
    assert "chat-3 is drained by" in fleet.homeport("drift", "lab").text
    assert fleet.homeport("undrain", "lab", "chat-3").code == 0
    assert (fleet.drained(), fleet.marks()) == ("", [])


def test_replicas_that_go_are_drained_and_one_alone_is_swapped(fleet: Fleet) -> None:
    alone: dict[str, Any] = {"drain_seconds": LIMIT_SECONDS, "replicas": 1, "rollout": "swap"}
    fleet.render("llamacpp", batch_tokens=320, **alone)
    done = fleet.apply()
    assert done.code == 0, done.text
    assert [line.split()[0] for line in done.rollout if "removed" in line] == REPLICAS[1:]
    assert set(fleet.containers()) == {"chat-1"}
    fleet.render("llamacpp", batch_tokens=384, **alone)
    assert "replaced by swap" in fleet.homeport("plan", "lab").text
    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.2) as load:
        done = fleet.apply()
    assert done.code == 0, done.text
    assert load.cut() == []
    assert {answer.status for answer in load.refused()} == {503}
    assert all(answer.retry_after for answer in load.refused())
