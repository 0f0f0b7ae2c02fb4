"""JUnit of a run says of each check what became of it, in its words: what a CI shows."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.checks.conftest import RunChecks
from tests.checks.deployment import Deployment
from tests.checks.fake_docker import FakeEngine

Told = Callable[..., ElementTree.Element]


@pytest.fixture
def told(run_checks: RunChecks, deployment: Deployment) -> Told:
    """What JUnit has of one check after a run of its file."""

    def run(file: str, case: str) -> ElementTree.Element:
        xml = deployment.root / "junit.xml"
        run_checks(file, options=[f"--junit-xml={xml}"])
        cases = ElementTree.parse(xml).getroot().iter("testcase")  # noqa: S314 - our own
        return next(one for one in cases if one.get("name") == case)

    return run


def test_a_check_that_passes_is_a_case_without_a_verdict(told: Told) -> None:
    case = told("check_hosts.py", "check_docker_answers[localhost]")
    assert {one.tag for one in case} <= {"properties"}


def test_a_check_that_fails_is_a_failure_with_cause_and_remedy(
    told: Told, deployment: Deployment
) -> None:
    deployment.docker.containers["chat-1"]["RestartCount"] = 3
    case = told("check_hosts.py", "check_no_container_restarts_in_a_loop[localhost]")
    (verdict,) = (one for one in case if one.tag != "properties")
    assert verdict.tag == "failure"
    assert "chat-1: 3 restarts" in str(verdict.text)
    assert "remedy: `docker logs` shows the last words before each end" in str(verdict.text)
    assert "Traceback" not in str(verdict.text)


def test_a_check_that_judges_nothing_is_skipped_with_its_reason(
    told: Told, deployment: Deployment
) -> None:
    deployment.docker.engines["chat-2"] = FakeEngine(counts=-8)
    name = "check_each_replica_computes_while_requests_run[localhost-chat-2]"
    (verdict,) = (one for one in told("check_engines.py", name) if one.tag != "properties")
    assert verdict.tag == "skipped"
    assert "chat-2 was started anew meanwhile" in str(verdict.get("message"))


def test_a_check_of_a_host_that_is_unreachable_is_an_error_with_the_hosts_words(
    told: Told, deployment: Deployment
) -> None:
    deployment.docker.folder.mkdir(exist_ok=True)
    program = deployment.docker.folder / "timeout"
    program.write_text("#!/bin/sh\necho no route to host >&2\nexit 127\n")
    program.chmod(0o755)
    case = told("check_hosts.py", "check_docker_answers[localhost]")
    (verdict,) = (one for one in case if one.tag != "properties")
    assert verdict.tag == "error"
    assert "localhost is unreachable: no route to host" in str(verdict.text)
    assert "Traceback" not in str(verdict.text)
