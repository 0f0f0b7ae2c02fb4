"""Hosts that a check holds are free again, however it ends."""

import os
import signal

import pytest

from checks.committed import read_committed
from checks.fleet import Fleet
from checks.held_fleet import held
from tests.checks.deployment import HOST, Deployment


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.usefixtures("run_checks")
def test_whoever_is_told_to_end_lets_go_first(number: int, deployment: Deployment) -> None:
    committed = {one.host.name: one for one in read_committed(deployment.root, "lab")}
    lock = deployment.directory / "lock"

    def breaks() -> None:
        with held(Fleet(deployment.root, committed, {}), [HOST], "trial"):
            assert "for the trial of release 0123456789ab" in lock.read_text()
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        breaks()
    assert not lock.exists()
