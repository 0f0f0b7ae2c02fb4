"""When a gateway's log begins, in files or with a host's Docker, by way of a fake one."""

from datetime import UTC, datetime

import pytest

from checks.committed import gateway_projects, read_committed
from checks.probes.gateway_log import log_begin
from checks.probes.host import Unreachable
from tests.checks.deployment import Deployment


def _begin(deployment: Deployment, text: str) -> datetime | None:
    (deployment.docker.folder / "id-nginx.log").write_text(text)
    ((host, project),) = gateway_projects(read_committed(deployment.root, "lab"))
    return log_begin(host, project)


def test_a_log_begins_with_its_oldest_line_whatever_nginx_says_in_it(
    deployment: Deployment,
) -> None:
    text = "2026-11-20T12:00:00.123456789Z started\n2026-11-26T11:00:00.0Z {}\n"
    begin = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)
    assert _begin(deployment, text) == begin


def test_a_log_in_files_begins_with_the_first_line_of_the_oldest(deployment: Deployment) -> None:
    folder = deployment.docker.folder / "logs"
    folder.mkdir()
    (folder / "access-17.log").write_text('{"time":"2026-11-20T12:00:00+00:00","status":200}\n')
    (folder / "access.log").write_text('{"time":"2026-11-21T12:00:00+00:00","status":200}\n')
    docker_keeps = "2026-11-19T12:00:00.0Z an error of days that no file holds any more\n"
    assert _begin(deployment, docker_keeps) == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_log_without_a_line_has_not_begun(deployment: Deployment) -> None:
    assert _begin(deployment, "") is None


def test_a_docker_that_does_not_say_when_is_no_answer(deployment: Deployment) -> None:
    with pytest.raises(Unreachable, match="its gateway's log has no time: Error response from"):
        _begin(deployment, "Error response from daemon: no such driver\n")
