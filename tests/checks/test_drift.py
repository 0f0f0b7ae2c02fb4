"""Whatever differs between host and commit is found, named once, and nothing else is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.committed import Committed, read_committed
from checks.probes.drift import Finding, drift
from checks.probes.live import observe
from deploys.settings import inventory
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment


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


def _relink(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def _without(deployment: Deployment, service: str) -> None:
    del deployment.docker.containers[service]


def _state(deployment: Deployment, **changes: object) -> None:
    deployment.docker.containers["chat-1"]["State"].update(changes)


def _stranger(deployment: Deployment, service: str = "chat-9") -> None:
    copy = {**deployment.docker.containers["chat-1"], "Id": "id-other", "Name": "/other"}
    config = copy["Config"]
    labels = {**config["Labels"], "com.docker.compose.service": service}
    deployment.docker.containers[service] = {**copy, "Config": {**config, "Labels": labels}}


def _edit(path: Path) -> None:
    path.write_text(path.read_text() + "# by hand\n")


def _publish(deployment: Deployment) -> None:
    ports = {"8080/tcp": [{"HostIp": "", "HostPort": "18200"}]}
    deployment.docker.containers["chat-1"]["NetworkSettings"]["Ports"] = ports


def _started_with(deployment: Deployment, *words: str) -> None:
    deployment.docker.containers["chat-1"]["Config"]["Cmd"] = [
        "--alias",
        "tiny",
        *words,
        "--metrics",
    ]


def _reserves(deployment: Deployment, *devices: str) -> None:
    request = {"Driver": "cdi", "Count": 0, "DeviceIDs": list(devices)}
    host = deployment.docker.containers["chat-1"]["HostConfig"]
    host["DeviceRequests"] = [request] if devices else None


CHANGES: dict[str, tuple[Callable[[Deployment], object], str]] = {
    "an edited file": (lambda d: _edit(d.current / "nginx/nginx.conf"), "file nginx/nginx.conf"),
    "an edited manifest": (lambda d: _edit(d.current / "release.yaml"), "file release.yaml"),
    "a missing file": (
        lambda d: (d.current / "gpu_hosts/compose.yaml").unlink(),
        "file gpu_hosts/compose.yaml",
    ),
    "an extra file": (lambda d: (d.current / "nginx/a b").touch(), "file nginx/a b"),
    "a link among the files": (
        lambda d: (d.current / "extra").symlink_to("/etc/passwd"),
        "file extra",
    ),
    "another nginx folder": (
        lambda d: _relink(d.directory / "gateway/current", "/tmp"),
        "link gateway/current",
    ),
    "a missing model": (lambda d: d.model.unlink(), "model tiny: tiny.gguf"),
    "a model that is cut off": (lambda d: os.truncate(d.model, 3), "model tiny: tiny.gguf"),
    "a missing service": (lambda d: _without(d, "chat-2"), "service chat-2"),
    "a stopped service": (lambda d: _state(d, Status="exited"), "service chat-1"),
    "an ill service": (lambda d: _state(d, Health={"Status": "unhealthy"}), "service chat-1"),
    "an extra service": (_stranger, "container other"),
    "a left stand-in": (lambda d: _stranger(d, "chat-1-surge"), "stand-in of chat-1"),
    "another configuration": (
        lambda d: d.docker.containers["chat-1"]["Config"]["Labels"].update(
            {"homeport.config-sha256": "f" * 64}
        ),
        "service chat-1: configuration",
    ),
    "another image": (
        lambda d: d.docker.containers["chat-1"]["Config"].update(Image="other:latest"),
        "service chat-1: image",
    ),
    "other arguments": (lambda d: _started_with(d, "--parallel", "4"), "service chat-1: arguments"),
    "another GPU": (lambda d: _reserves(d, "nvidia.com/gpu=1"), "service chat-1: GPUs"),
    "one GPU more": (
        lambda d: _reserves(d, "nvidia.com/gpu=0", "nvidia.com/gpu=1"),
        "service chat-1: GPUs",
    ),
    "no GPU": (_reserves, "service chat-1: GPUs"),
    "an image that was built anew": (
        lambda d: d.docker.images.update({"homeport/nginx:bbb": "sha256:new"}),
        "service nginx: image homeport/nginx:bbb",
    ),
    "a published engine": (_publish, "service chat-1: port 0.0.0.0:18200"),
    "a missing network": (lambda d: setattr(d.docker, "network", ""), "network homeport-lab"),
    "another loaded revision": (
        lambda d: setattr(d.docker, "revision", "e" * 64),
        "gateway: loaded revision",
    ),
}


@pytest.mark.parametrize(("change", "what"), CHANGES.values(), ids=CHANGES)
def test_exactly_this_is_found(
    change: Callable[[Deployment], object], what: str, findings: Findings, deployment: Deployment
) -> None:
    change(deployment)

    assert [finding.what for finding in findings()] == [what]


def test_arguments_and_gpus_are_shown_by_what_differs_alone(
    findings: Findings, deployment: Deployment
) -> None:
    _started_with(deployment, "--parallel", "4")
    _reserves(deployment)

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
    _without(deployment, "chat-2")
    _stranger(deployment)
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

    assert findings() == []
    committed = read_committed(deployment.root, "lab")[0]
    live = observe(committed, deployment.root)
    assert live.drained == {"chat-1.operator": "op (a fan)"}
    assert live.state == {"notes": "by hand"}


def test_another_release_is_found_with_all_its_files(
    findings: Findings, deployment: Deployment
) -> None:
    _relink(deployment.current, "releases/older")

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


def test_the_check_tells_every_finding_with_both_sides(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    assert failed(run_checks("check_drift.py")) == set()
    deployment.docker.network = ""
    _without(deployment, "chat-2")

    outcomes = run_checks("check_drift.py")

    assert failed(outcomes) == {"the host is what was committed"}
    assert "network homeport-lab: committed present, live missing" in messages(outcomes)
    assert "service chat-2: committed running, live missing" in messages(outcomes)
