"""How often each host is asked by a command that changes nothing: counted by its own sshd."""

from collections.abc import Callable, Iterator

import pytest

from tests.lab.host import LabHost, text_file
from tests.lab.served import NAME, Served

pytestmark = [pytest.mark.docker, pytest.mark.root]

SETTING = "/etc/ssh/sshd_config.d/count.conf"
# Before the lock, what holds it, the lock, one look, the lock again; pyinfra's connection asks too.
NO_OP_ROUND_TRIPS = {"gpu1": 6, "gpu2": 6, "gate1": 8}
# What a host is like; where there are engines, what they answer, and the logs of their starts.
VERIFY_ROUND_TRIPS = {"gpu1": 3, "gpu2": 3, "gate1": 1}


@pytest.fixture(scope="module")
def counting(served_lab: Served) -> Iterator[Served]:
    """The served lab, whose hosts log each command that comes over SSH."""
    # What a refused release has left staged goes with the next apply, which is then no no-op.
    served_lab.apply()
    for host in served_lab.lab.hosts:
        host.put({SETTING: text_file("LogLevel VERBOSE\n")})
        host.run("systemctl reload ssh.service || systemctl restart ssh.service")
    yield served_lab
    for host in served_lab.lab.hosts:
        host.run(f"rm {SETTING}; systemctl reload ssh.service")


def _counted(served: Served, command: Callable[[], object]) -> dict[str, tuple[int, int]]:
    """Host -> commands and connections that `command` made."""
    marks = {host.name: _cursor(host) for host in served.lab.hosts}
    command()
    return {host.name: _since(host, marks[host.name]) for host in served.lab.hosts}


def _cursor(host: LabHost) -> str:
    return host.run("journalctl --show-cursor --lines 0 | sed -n 's/^-- cursor: //p'")


def _since(host: LabHost, cursor: str) -> tuple[int, int]:
    log = host.run(f"journalctl --no-pager --output cat --after-cursor '{cursor}'")
    return log.count("Starting session: command"), log.count("Accepted publickey")


def test_an_apply_that_changes_nothing_asks_each_host_a_few_times(counting: Served) -> None:
    assert counting.findings() == []
    counted = _counted(counting, counting.apply)
    over = {name: n for name, (n, _) in counted.items() if not 0 < n <= NO_OP_ROUND_TRIPS[name]}
    assert over == {}
    assert {connections for _, connections in counted.values()} == {1}


def test_drift_asks_each_host_once(counting: Served) -> None:
    counted = _counted(counting, lambda: counting.homeport(f"drift {NAME}"))
    assert set(counted.values()) == {(1, 1)}


def test_verify_asks_each_host_a_few_times_however_many_checks_there_are(
    counting: Served, figure: Callable[[str], None]
) -> None:
    counted = _counted(counting, lambda: counting.homeport(f"verify {NAME}", expect=None))
    figure(f"verify: {counted}")
    # testinfra connects for each of its commands.
    assert counted == {name: (n, n) for name, n in VERIFY_ROUND_TRIPS.items()}
