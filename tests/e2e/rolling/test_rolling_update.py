"""A fleet is updated under steady streaming load: no answer is lost that had time to end.

One fleet for all of it, and each test begins where the one before it has ended.
"""

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.rolling_fleet import KEY, STORE, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.zero_loss import (
    LEAST_IN_FLIGHT,
    LIMIT_SECONDS,
    REPLICAS,
    assert_each_replaced_once,
    assert_enough_was_measured,
    assert_nothing_was_lost,
    measured,
)

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

SHORT = [4] * 4


@pytest.mark.usefixtures("memory_mib")
@pytest.mark.parametrize("memory_mib", [{"gpu1": 700, "gpu2": 400}], ids=["little"], indirect=True)
def test_an_update_cuts_no_stream_but_those_that_outlive_the_limit(
    fleet: Fleet, figure: Callable[[str], None]
) -> None:
    """How is the plan's own choice: no host has memory for a stand-in."""
    # What a rollback goes back to, and whose limit it keeps: an apply that comes last of all.
    fleet.render(drain_seconds=LIMIT_SECONDS, batch_tokens=112)
    assert fleet.apply().code == 0
    fleet.render(drain_seconds=LIMIT_SECONDS, batch_tokens=192, rollout=None)
    dry = fleet.homeport("apply", "lab", "--dry")
    assert dry.code == 2
    why = "2 other replicas carry pool chat meanwhile; no surge: RAM: 256 MiB needed, "
    for name in REPLICAS:
        assert re.search(rf"{name} on gpu\d: would be replaced by shift: {why}", dry.text)
    found = measured(fleet, lambda told: fleet.apply(told=told))
    figure(f"rolling update: {found}")
    assert_enough_was_measured(found)
    assert_nothing_was_lost(found)
    assert "surge" not in " ".join(found.done.rollout)
    assert fleet.current() == fleet.committed()


def test_a_rollback_cuts_no_stream_but_those_that_outlive_the_limit(
    fleet: Fleet, figure: Callable[[str], None]
) -> None:
    before = fleet.current()
    found = measured(fleet, lambda told: fleet.homeport("rollback", "lab", told=told))
    figure(f"rollback: {found}")
    assert_enough_was_measured(found)
    assert_nothing_was_lost(found)
    after = fleet.current()
    assert all(after[name] != before[name] for name in ("gpu1", "gpu2"))


def test_without_draining_the_same_update_cuts_streams(
    fleet: Fleet, figure: Callable[[str], None]
) -> None:
    fleet.render(drain_seconds=0, batch_tokens=160)
    found = measured(fleet, lambda told: fleet.apply(told=told))
    figure(f"the same update without draining: {found}")
    assert_enough_was_measured(found)
    assert "chat-2 on gpu2: replaced, and answers right" in found.done.text
    with pytest.raises(AssertionError, match=r"^\d+ streams were cut within the limit"):
        assert_nothing_was_lost(found)
    assert len(found.load.cut()) > LEAST_IN_FLIGHT


def _staged(fleet: Fleet) -> dict[str, bool]:
    """Whether each GPU host has the real engine's image, the model and the committed release."""
    model, committed = f"ls {STORE}/models/*/tiny-random.gguf", fleet.committed()
    found = {}
    for name in ("gpu1", "gpu2"):
        release = f"ls {STORE}/releases/{committed[name]}/gpu_hosts/compose.yaml"
        look = f"docker image inspect {fleet.images['llamacpp']} && {model} && {release}"
        answer = fleet.lab.host(name).run(f"({look}) >&2 && echo yes", check=False)
        found[name] = answer == "yes"
    return found


def test_real_engines_lose_nothing_when_an_apply_is_killed_and_begun_again(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS)
    fleet.lab.host("gpu2").run(f"find {STORE}/models -mindepth 1 -delete")
    before, staged = fleet.containers(), [_staged(fleet)]

    def told(line: str) -> None:
        if "drained at" in line:
            staged.append(_staged(fleet))

    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        killed = fleet.homeport("apply", "lab", told=told, kill_at="chat-2 on gpu2: drained")
        assert killed.code == -signal.SIGKILL
        assert fleet.marks() == ["chat-2.apply"]
        # What is slow was done on all hosts before the first replica was drained.
        assert staged[:2] == [{"gpu1": False, "gpu2": False}, {"gpu1": True, "gpu2": True}]
        # Raw pyinfra does the same as the command.
        done = fleet.pyinfra()
    assert done.code == 0, done.text
    assert_each_replaced_once(killed, done)
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
    image_of = "docker inspect --format '{{.Config.Image}}' "
    assert fleet.lab.host("gpu1").run(image_of + before["chat-1"]) == fleet.images["llamacpp"]
    fleet.render(behaviour, drain_seconds=LIMIT_SECONDS, steady_seconds=steady_seconds)
    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.5) as load:
        done = fleet.apply()
    assert done.code == 6, done.text
    assert re.search(rf"error: chat-1 on gpu1: {words}.*went back to its old release", done.text)
    log = re.findall(r"its log: gpu1:(\S+)", done.text)[-1]
    assert f"behaviour: {behaviour.replace('-', ' ')}" in fleet.lab.host("gpu1").run(f"cat {log}")
    # Of what one of them has said a rule knows the cause, of the others' words none.
    told = f"gpu1:{log}\ncause: the GPU has not enough memory" in done.text
    assert told is (behaviour == "never-healthy")
    setting = "\nremedy: inventories/group_data/lab.py: pools.chat.context_tokens"
    assert (setting in done.text) is told
    after = fleet.containers()
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] != before[name]} == {"chat-1"}
    assert fleet.lab.host("gpu1").run(image_of + after["chat-1"]) == fleet.images["llamacpp"]
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
    assert done.code == 4, done.text
    assert "error: gate1: Could not connect" in done.text
    assert "hint: gate1 is a gateway: no replica is replaced that cannot be drained" in done.text
    assert fleet.containers() == before


@pytest.mark.usefixtures("memory_mib")
@pytest.mark.parametrize("memory_mib", [{"gpu1": 400}], ids=["little"], indirect=True)
def test_replicas_that_go_are_drained_and_one_alone_is_swapped(fleet: Fleet) -> None:
    """How is the plan's own choice: the host has no memory for a stand-in."""
    alone: dict[str, Any] = {"drain_seconds": LIMIT_SECONDS, "replicas": 1, "rollout": None}
    fleet.render("llamacpp", batch_tokens=320, **alone)
    done = fleet.apply()
    assert done.code == 0, done.text
    assert [line.split()[0] for line in done.rollout if "removed" in line] == REPLICAS[1:]
    assert set(fleet.containers()) == {"chat-1"}
    fleet.render("llamacpp", batch_tokens=384, **alone)
    why = (
        "it is alone in pool chat: 503 with Retry-After meanwhile; "
        "no surge: RAM: 256 MiB needed, 144 MiB available"
    )
    assert f"replaced by swap ({why})" in fleet.homeport("plan", "lab").text
    dry = fleet.homeport("apply", "lab", "--dry")
    assert f"chat-1 on gpu1: would be replaced by swap: {why}" in dry.text
    with streaming(fleet.url, KEY, SHORT, len(SHORT), pause_seconds=0.2) as load:
        done = fleet.apply()
    assert done.code == 0, done.text
    assert [line.partition(" while it gives")[0] for line in done.rollout] == [
        "chat-1 on gpu1: drained at gate1",
        "chat-1 on gpu1: replaced, and answers right",
    ]
    assert load.cut() == []
    assert {answer.status for answer in load.refused()} == {503}
    assert all(answer.retry_after for answer in load.refused())
