"""Whatever differs between host and commit is found, named once, and nothing else is."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checks.committed import Committed, read_committed
from checks.probes.drift import Finding, drift
from checks.probes.live import observe
from deploys.questions.canaries import NOW, Share, share_file
from deploys.render.release_monitors import MonitorsRelease
from deploys.settings import inventory
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.checks.planted import CHANGES, relink, reserves, started_with, stranger, without
from tests.operations.committed_release import model_copy
from tests.render.gateway_files import write_files


@pytest.fixture
def findings(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Finding]]:
    """Asks the host and compares."""
    data = {"directory": ".homeport/lab"}
    hosts = [{"name": "@local", "groups": ["lab"], "data": data}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: hosts)

    def ask(*, digests: bool = False) -> list[Finding]:
        deployment.docker.write()
        committed: Committed = read_committed(deployment.root, "lab")[0]
        return drift(committed, observe(committed, deployment.root, digests=digests))

    return ask


Findings = Callable[..., list[Finding]]


def test_a_host_as_committed_has_no_drift(findings: Findings) -> None:
    assert findings(digests=True) == []


@pytest.mark.parametrize(("change", "what"), CHANGES.values(), ids=CHANGES)
def test_exactly_this_is_found(
    change: Callable[[Deployment], object], what: str, findings: Findings, deployment: Deployment
) -> None:
    change(deployment)

    assert [finding.what for finding in findings()] == [what]


def test_arguments_and_gpus_are_shown_by_what_differs_alone(
    findings: Findings, deployment: Deployment
) -> None:
    started_with(deployment, "--parallel", "4")
    reserves(deployment)

    found = {finding.what: (finding.committed, finding.live) for finding in findings()}

    assert found == {
        "service chat-1: arguments": ("--parallel 2", "--parallel 4"),
        "service chat-1: GPUs": ("nvidia.com/gpu=0", "none"),
    }


def test_all_gpus_by_another_way_than_cdi_are_found(
    findings: Findings, deployment: Deployment
) -> None:
    host = deployment.docker.containers["chat-2"]["HostConfig"]
    host["DeviceRequests"] = [{"Driver": "", "Count": -1, "DeviceIDs": None}]
    host["Devices"] = [{"PathOnHost": "/dev/nvidia1"}, {"PathOnHost": "/dev/fuse"}]

    (finding,) = findings()

    assert finding.live == "/dev/nvidia1, all of any driver"


def test_each_finding_says_what_mends_it(findings: Findings, deployment: Deployment) -> None:
    without(deployment, "chat-2")
    stranger(deployment)
    deployment.docker.containers["chat-9"]["Config"]["Labels"]["com.docker.compose.project"] = "x"

    found = {finding.what: finding.remedy for finding in findings()}

    assert found == {
        "container other": "docker rm --force other, on localhost",
        "service chat-2": "homeport apply lab",
    }


def test_what_was_done_at_the_gateway_at_run_time_is_state_and_no_drift(
    findings: Findings, deployment: Deployment
) -> None:
    folder = deployment.directory / "state" / "gateway"
    (folder / "drained").mkdir(parents=True)
    (folder / "loaded.conf").write_text('default "x";\n')
    (folder / "drained" / "chat-1.operator").write_text('{"who": "op", "reason": "a fan"}\n')
    (folder / "notes").write_text("by hand\n")
    share = Share("chat", "next", 25, (25, 100))
    (folder / "canaries").mkdir()
    # One that was ended is nothing to tell.
    for one in (share, Share("old", "next", 0, ())):
        file = folder / "canaries" / f"{one.pool}.conf"
        file.write_text(share_file(one, "ana").replace(NOW, "17"))

    assert findings() == []
    committed = read_committed(deployment.root, "lab")[0]
    live = observe(committed, deployment.root)
    assert live.drained == {"chat-1.operator": "op (a fan)"}
    assert live.canaries == {"chat": replace(share, since=17, who="ana")}
    assert live.state == {"notes": "by hand"}


def test_another_release_is_found_with_all_its_files(
    findings: Findings, deployment: Deployment
) -> None:
    relink(deployment.current, "releases/older")

    found = {finding.what: finding for finding in findings()}

    assert found["link current"].live == "releases/older"
    assert found["file nginx/nginx.conf"].live == "missing"


def test_an_empty_host_misses_everything_and_breaks_nothing(
    findings: Findings, deployment: Deployment
) -> None:
    deployment.directory.rename(deployment.root / "elsewhere")
    deployment.docker.containers.clear()

    found = {finding.what: finding.live for finding in findings()}

    assert found["link current"] == "missing"
    assert found["service chat-1"] == "missing"
    assert found["model tiny: tiny.gguf"] == "missing"


def test_a_docker_that_does_not_answer_is_one_finding(
    findings: Findings, deployment: Deployment
) -> None:
    deployment.docker.version = "Cannot connect to the Docker daemon"

    assert [(f.what, f.live) for f in findings()] == [
        ("Docker", "Cannot connect to the Docker daemon")
    ]


def test_a_model_of_the_right_size_and_other_bytes_is_found_only_on_request(
    findings: Findings, deployment: Deployment
) -> None:
    deployment.model.write_bytes(bytes(deployment.model.stat().st_size))

    assert findings() == []
    assert [finding.what for finding in findings(digests=True)] == ["model tiny: tiny.gguf"]


def test_a_small_file_of_the_right_size_and_other_bytes_is_found_always(
    findings: Findings, deployment: Deployment
) -> None:
    model = model_copy(b"parallel: 2", "committed:engine/", "model.yaml")
    (path,) = model.places(str(deployment.directory))
    write_files({"model.yaml": "parallel: 2"}, Path(path).parent)
    deployment.commit(models=(*deployment.release.models, model))
    assert not any("model a-model" in finding.what for finding in findings())
    for text, live in (("parallel: 3", "[0-9a-f]{12}"), ("parallel: 12", "12 bytes")):
        Path(path).write_text(text)
        (found,) = (one for one in findings() if one.what == "model a-model: model.yaml")
        assert re.fullmatch(live, found.live)


def test_the_check_tells_every_finding_with_both_sides(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    assert failed(run_checks("check_drift.py")) == set()
    deployment.docker.network = ""
    without(deployment, "chat-2")

    outcomes = run_checks("check_drift.py")

    assert failed(outcomes) == {"the host is what was committed"}
    assert "network homeport-lab: committed present, live missing" in messages(outcomes)
    assert "service chat-2: committed running, live missing" in messages(outcomes)


def test_a_port_for_monitors_is_explained_where_it_is_committed(
    findings: Findings, deployment: Deployment
) -> None:
    ports = deployment.docker.containers["nginx"]["NetworkSettings"]["Ports"]
    ports["8082/tcp"] = [{"HostIp": "10.0.0.5", "HostPort": "9113"}]
    port = "service nginx: port 10.0.0.5:9113"
    assert port in [finding.what for finding in findings()]

    deployment.commit(monitored={"nginx": "10.0.0.5:9113"})

    assert port not in [finding.what for finding in findings()]


def test_the_link_to_what_monitors_read_is_compared(
    findings: Findings, deployment: Deployment
) -> None:
    words = {"image": "i", "folders": (), "password": "env:P", "prometheus": "127.0.0.1:9090"}
    deployment.commit(monitors=MonitorsRelease.model_validate({**words, "targets": 1, "alerts": 1}))
    release = deployment.release.release

    found = {finding.what: (finding.committed, finding.live) for finding in findings()}

    assert found["link monitors/current"] == (f"../releases/{release}/monitors", "missing")
