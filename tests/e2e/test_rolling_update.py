"""A fleet is updated under steady streaming load: no answer is lost that had time to end."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from deploys.render.image_tags import built_reference
from tests.e2e.rolling_fleet import (
    KEY,
    Done,
    Fleet,
    engine_image,
    forget_engine_images,
    running_fleet,
)
from tests.e2e.streaming_load import Load, streaming
from tests.lab.images import image
from tests.lab.machine import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

REPLICAS = ["chat-1", "chat-2", "chat-3", "chat-4"]
BEHAVIOURS = ("never healthy", "crashes", "garbage")
# One token each second: see tests/lab/images/engine/engine.py.
ORDINARY = [4, 5, 6, 7, 8] * 24
LONGER_THAN_THE_LIMIT = [40] * 8
LIMIT_SECONDS = 9
LEAST_IN_FLIGHT = 20


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Fleet]:
    """The fleet with four replicas of the slow double; each test says what it makes of it."""
    bad = {behaviour: engine_image(behaviour) for behaviour in BEHAVIOURS}
    images = {
        "engine": image("engine"),
        "llamacpp": built_reference("llamacpp", ROOT / "deploys" / "images"),
        "nginx": nginx_image,
        **{behaviour.replace(" ", "-"): reference for behaviour, reference in bad.items()},
    }
    try:
        with running_fleet("rolling", tmp_path_factory.mktemp("fleet"), images) as made:
            made.render(drain_seconds=LIMIT_SECONDS)
            first = made.apply()
            assert first.code == 0, first.text
            # Nothing served before: nothing was drained, and all hosts began at the same time.
            assert first.rollout == []
            yield made
    finally:
        forget_engine_images(*bad.values())


def test_applying_again_drains_nothing_and_changes_nothing(fleet: Fleet) -> None:
    before = fleet.containers()
    again = fleet.apply()
    assert "nothing had to change" in again.text
    assert again.rollout == []
    assert fleet.containers() == before


def test_an_update_cuts_no_stream_but_those_that_outlive_the_limit(fleet: Fleet) -> None:
    fleet.render(drain_seconds=LIMIT_SECONDS, batch_tokens=192)
    dry = fleet.homeport("apply", "lab", "--dry")
    assert dry.code == 2
    for name in REPLICAS:
        assert re.search(rf"{name} on gpu\d: would be replaced by shift: 3 other", dry.text)
    _measured(fleet, lambda told: fleet.apply(told=told))
    assert fleet.current() == fleet.committed()


def test_a_rollback_cuts_no_stream_but_those_that_outlive_the_limit(fleet: Fleet) -> None:
    before = fleet.current()
    _measured(fleet, lambda told: fleet.homeport("rollback", "lab", told=told))
    after = fleet.current()
    assert all(after[name] != before[name] for name in ("gpu1", "gpu2"))


def test_without_draining_the_same_update_cuts_streams(fleet: Fleet) -> None:
    fleet.render(drain_seconds=0, batch_tokens=160)
    with streaming(fleet.url, KEY, ORDINARY, len(ORDINARY)) as load:
        done = fleet.apply()
    assert done.code == 0, done.text
    assert len(load.cut()) > LEAST_IN_FLIGHT
    assert {answer.request_id for answer in load.cut()} == _named(done)


def test_real_engines_are_drained_replaced_and_asked(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS)
    before = fleet.containers()
    with streaming(fleet.url, KEY, [4] * 4, 4, pause_seconds=0.5) as load:
        done = fleet.apply()
    assert done.code == 0, done.text
    assert [line.split()[0] for line in done.rollout if "answers right" in line] == REPLICAS
    assert (load.refused(), load.cut()) == ([], [])
    assert len(load.whole()) > LEAST_IN_FLIGHT
    assert not set(fleet.containers().values()) & set(before.values())


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("never-healthy", "it never became healthy"),
        ("crashes", "it ended after it had answered"),
        ("garbage", "it answers garbage"),
    ],
)
def test_a_bad_release_goes_back_at_its_first_replica(
    fleet: Fleet, behaviour: str, words: str
) -> None:
    """The old ones are real engines by now."""
    current, before = fleet.current(), fleet.containers()
    fleet.render(behaviour, drain_seconds=LIMIT_SECONDS, steady_seconds=15)
    done = fleet.apply()
    assert done.code == 6, done.text
    assert re.search(rf"error: chat-1 on gpu1: {words}.*went back to its old release", done.text)
    log = re.findall(r"its log: gpu1:(\S+)", done.text)[-1]
    assert f"behaviour: {behaviour.replace('-', ' ')}" in fleet.lab.host("gpu1").run(f"cat {log}")
    after = fleet.containers()
    assert after.keys() == before.keys()
    assert {name for name in before if after[name] != before[name]} == {"chat-1"}
    assert (fleet.current(), fleet.drained(), fleet.marks()) == (current, "", [])
    with streaming(fleet.url, KEY, [4] * 4, 8, pause_seconds=0.2) as load:
        pass
    assert (load.refused(), load.cut()) == ([], [])


def test_a_rollback_after_a_failure_ends_where_the_apply_began(fleet: Fleet) -> None:
    current, before = fleet.current(), fleet.containers()
    done = fleet.homeport("rollback", "lab")
    assert done.code == 0, done.text
    assert (fleet.current(), fleet.containers()) == (current, before)


def test_an_apply_goes_on_where_a_killed_one_has_drained(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS, batch_tokens=256)
    killed = fleet.homeport("apply", "lab", kill_at="chat-2 on gpu2: drained")
    assert killed.code == -signal.SIGKILL
    assert fleet.marks() == ["chat-2.apply"]
    # Raw pyinfra does the same as the command.
    done = fleet.pyinfra()
    assert done.code == 0, done.text
    assert "chat-1 on gpu1: replaced" not in done.text
    assert "chat-2 on gpu2: replaced, and answers right" in done.text
    assert (fleet.marks(), fleet.drained()) == ([], "")
    assert fleet.current() == fleet.committed()


def test_what_an_operator_drains_stays_drained_through_an_apply(fleet: Fleet) -> None:
    assert fleet.homeport("drain", "lab", "chat-3", "--reason", "a noisy fan").code == 0
    assert fleet.drained() == "chat-3"
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS, batch_tokens=320)
    # The gateway is outside of the limit, and drained at all the same.
    done = fleet.apply("--limit", "gpu1")
    assert done.code == 0, done.text
    assert "chat-1 on gpu1: drained at gate1" in done.text
    assert "chat-3 on gpu1: stays drained" in done.text
    assert "on gpu2" not in " ".join(done.rollout)
    assert fleet.drained() == "chat-3"
    drift = fleet.homeport("drift", "lab")
    assert "chat-3 is drained by" in drift.text
    assert "a noisy fan" in drift.text
    assert fleet.homeport("undrain", "lab", "chat-3").code == 0
    assert (fleet.drained(), fleet.marks()) == ("", [])


def test_no_replica_is_touched_while_a_gateway_cannot_be_reached(fleet: Fleet) -> None:
    before = fleet.containers()
    with fleet.lab.host("gate1").cut_off():
        done = fleet.apply("--limit", "gpu2")
    assert done.code != 0
    assert "hint: gate1 is a gateway: no replica is replaced that cannot be drained" in done.text
    assert fleet.containers() == before


def test_replicas_that_go_are_drained_and_one_alone_is_swapped(fleet: Fleet) -> None:
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS, batch_tokens=320, replicas=1)
    done = fleet.apply()
    assert done.code == 0, done.text
    assert [line for line in done.rollout if "removed" in line]
    assert set(fleet.containers()) == {"chat-1"}
    fleet.render("llamacpp", drain_seconds=LIMIT_SECONDS, batch_tokens=384, replicas=1)
    assert "replaced by swap" in fleet.homeport("plan", "lab").text
    with streaming(fleet.url, KEY, [4] * 4, 4, pause_seconds=0.2) as load:
        done = fleet.apply()
    assert done.code == 0, done.text
    assert load.cut() == []
    assert {answer.status for answer in load.refused()} == {503}
    assert all(answer.retry_after for answer in load.refused())


def _measured(fleet: Fleet, command: Callable[[Callable[[str], None]], Done]) -> None:
    """Runs a command under load and asserts what zero loss means."""
    addresses = _addresses(fleet.folder)
    in_flight: dict[str, int] = {}
    tokens = ORDINARY + LONGER_THAN_THE_LIMIT
    with streaming(fleet.url, KEY, tokens, len(tokens)) as load:

        def told(line: str) -> None:
            match = re.search(r"rollout: (\S+) on \S+: drained at gate1", line)
            if match:
                in_flight[match[1]] = load.in_flight(addresses[match[1]])

        done = command(told)
    print(_figures(load, in_flight))
    assert done.code == 0, done.text
    assert list(in_flight) == REPLICAS
    assert min(in_flight.values()) >= LEAST_IN_FLIGHT
    assert len(load.whole()) > 300
    assert load.refused() == []
    # Each one that was cut had all of the limit, was counted, and is named by its number.
    assert load.cut()
    assert all(answer.ended - answer.began > LIMIT_SECONDS for answer in load.cut())
    assert {answer.request_id for answer in load.cut()} == _named(done)


def _named(done: Done) -> set[str]:
    """Requests that the output says were cut."""
    return {one for line in done.rollout for one in re.findall(r"([0-9a-f]{32}) \(client", line)}


def _addresses(folder: Path) -> dict[str, str]:
    manifest = yaml.safe_load((folder / "compose/lab/gate1/release.yaml").read_text())
    return {name: address for address, name in manifest["gateway"]["engines"].items()}


def _figures(load: Load, in_flight: dict[str, int]) -> str:
    return (
        f"{len(load.answers)} requests: {len(load.whole())} whole, {len(load.refused())} refused, "
        f"{len(load.cut())} cut beyond the limit; in flight at each replacement: {in_flight}"
    )
