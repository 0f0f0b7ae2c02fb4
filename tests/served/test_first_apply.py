"""From bare hosts to serving ones with one command over SSH, as an unprivileged user with sudo."""

import json

import pytest

from tests.lab.served import NAME, STORE, Served

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_one_apply_makes_bare_hosts_serve(served_lab: Served) -> None:
    assert "Install Docker Engine and Compose v2" in served_lab.first_apply
    assert sorted(served_lab.containers()) == ["gate1/nginx", "gpu1/chat-1", "gpu2/chat-2"]
    answer = served_lab.chat()
    assert answer.status_code == 200
    assert answer.json()["usage"]["completion_tokens"] == 4


def test_nobody_else_gets_the_number_that_containers_run_as(served_lab: Served) -> None:
    for host in served_lab.lab.hosts:
        found = host.run("getent passwd 10001").split(":")
        assert (found[0], found[-1]) == ("homeport", "/usr/sbin/nologin")


def test_every_check_passes_over_ssh(served_lab: Served) -> None:
    done = served_lab.checkout.run(f".venv/bin/homeport verify {NAME} --json", expect=None)
    checks = json.loads(done.stdout)["checks"]
    failed = {check["check"]: check["message"] for check in checks if check["result"] != "passed"}
    # The tiny model is done before a reader on a busy machine has looked twice.
    failed.pop("streams arrive over time", "")
    assert failed == {}
    assert {check["subject"] for check in checks} >= {"gpu1", "gpu2", "gate1"}


def test_a_second_apply_changes_nothing_and_is_one_line_in_each_hosts_audit_log(
    served_lab: Served,
) -> None:
    before, logs = served_lab.containers(), _audit_logs(served_lab)
    assert "nothing had to change" in served_lab.apply("--reason again")
    assert served_lab.containers() == before
    assert served_lab.findings() == []
    assert {log[0]["outcome"] for log in logs} == {"switched"}
    for log, longer in zip(logs, _audit_logs(served_lab), strict=True):
        assert longer[:-1] == log
        assert (longer[-1]["outcome"], longer[-1]["reason"]) == ("unchanged", "again")


def _audit_logs(served: Served) -> list[list[dict[str, str]]]:
    """The lines of each host, oldest first."""
    logs = [host.run(f"cat {STORE}/audit.log").splitlines() for host in served.lab.hosts]
    return [[json.loads(line) for line in log] for log in logs]
