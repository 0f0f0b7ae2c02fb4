"""What gives a gateway of the tests new files returns when the old ones are out of use."""

from pathlib import Path

import pytest

from tests.e2e import gateway_lab
from tests.e2e.gateway_lab import Lab

TITLES = "PID                 COMMAND\n1                   nginx: master process nginx\n"
OLD = f"{TITLES}7                   nginx: worker process\n"
BOTH = f"{OLD}8                   nginx: worker process\n"
LEAVING = BOTH.replace("nginx: worker process\n8", "nginx: worker process is shutting down\n8")


def test_a_reload_is_over_once_no_old_worker_takes_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workers, asked = iter([OLD, OLD, TITLES, BOTH, LEAVING]), []

    def docker(*arguments: str) -> str:
        asked.append(arguments[0])
        return next(workers) if arguments[0] == "top" else ""

    monkeypatch.setattr(gateway_lab, "docker", docker)
    Lab("lab", Path(), "", "").reload()
    assert asked == ["top", "kill", "top", "top", "top", "top"]
    assert list(workers) == []
