"""A host is lost while a replica is drained: no answer is lost with it, and the next apply goes on.

The fleet is the rolling updates' own; each test begins where the one before it has ended.
"""

import re
from dataclasses import dataclass

import pytest

from deploys.history.words import LOST
from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import streaming
from tests.e2e.told_command import Done
from tests.e2e.zero_loss import AMPLE_SECONDS, addresses, assert_each_replaced_once
from tests.lab.host import LabHost
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1200)]

# One token each second: whichever replica is drained gives some of the long ones for a while.
STREAMS = [3, 4, 12] * 8


@dataclass(frozen=True)
class Loss:
    """Of a host, while chat-2 on gpu2 is drained."""

    host: str
    batch_tokens: int
    """Of the pool, so that it has to be updated."""
    words: str
    """Pattern of what the apply says."""
    cuts_power: bool = False
    """Else every connection to it is dropped."""
    is_drained: bool = True
    """Until the next apply."""
    steady_seconds: int = 1
    """Time to lose the host of a new container in, before that is proved."""


LOSSES = {
    "the connection to its host while its answers end": Loss(
        "gpu2",
        144,
        rf"chat-2 on gpu2 could not be drained and was not touched: gpu2: {LOST}",
        is_drained=False,
    ),
    "its host's power while it is replaced": Loss(
        "gpu2",
        176,
        rf"chat-2 on gpu2: gpu2: {LOST}.*; what it runs is not known",
        cuts_power=True,
        steady_seconds=15,
    ),
    "the connection to its gateway": Loss(
        "gate1", 208, rf"chat-2 on gpu2 is right but could not be restored: gate1: {LOST}"
    ),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_host_that_is_lost_while_a_replica_is_drained_costs_no_answer(
    fleet: Fleet, loss: Loss
) -> None:
    fleet.render(
        drain_seconds=AMPLE_SECONDS,
        steady_seconds=loss.steady_seconds,
        batch_tokens=loss.batch_tokens,
    )
    with streaming(fleet.url, KEY, STREAMS, len(STREAMS)) as load:
        broken = _broken(fleet, loss)
        assert broken.code == 4, broken.text
        assert re.search(f"error: {loss.words}", broken.text), broken.text
        assert f"error: {loss.host}: the connection was lost during the run" in broken.text
        assert "Traceback" not in broken.text
        assert fleet.marks() == (["chat-2.apply"] if loss.is_drained else [])
        done = _recovered(fleet, loss)
    assert done.code == 0, done.text
    assert_each_replaced_once(broken, done)
    assert (load.refused(), load.cut()) == ([], [])
    assert (fleet.marks(), fleet.drained()) == ([], "")
    assert fleet.current() == fleet.committed()
    drift = fleet.homeport("drift", "lab")
    assert drift.code == 0, drift.text


def _broken(fleet: Fleet, loss: Loss) -> Done:
    """An apply that loses the host: its power once the new container runs, else at the drain."""
    host, old = fleet.lab.host(loss.host), fleet.containers()["chat-2"]

    def told(line: str) -> None:
        if "rollout: chat-2 on gpu2: drained" not in line:
            return
        if loss.cuts_power:
            until(lambda: fleet.containers().get("chat-2", "") not in ("", old), every_seconds=0.1)
            host.pull_the_plug()
        else:
            _drop_connections(host)

    return fleet.apply(told=told)


def _recovered(fleet: Fleet, loss: Loss) -> Done:
    """The next apply, once the host is back."""
    if loss.cuts_power:
        fleet.lab.host(loss.host).start()
    until(lambda: _health(fleet, "chat-2") == "200", every_seconds=0.1)
    return fleet.apply()


def _drop_connections(host: LabHost) -> None:
    """Ends every SSH connection: each has a process of its own that runs as the operator."""
    host.run("pkill -KILL -u operator sshd-session")


def _health(fleet: Fleet, replica: str) -> str:
    """Status of a replica's health as its gateway sees it; 000 behind a closed door."""
    ask = "curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5"
    command = f"docker exec homeport-lab-gateways-nginx-1 {ask} http://{addresses(fleet)[replica]}"
    return fleet.lab.host("gate1").run(f"{command}/health", check=False)
