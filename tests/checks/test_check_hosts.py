"""Each check of a host fails for its own reason, and for no other check's."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from checks.check_hosts import check_the_clock_is_right
from checks.fleet import Deployed
from deploys.render.release import GroupAccess
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment

ANYWHERE = "0.0.0.0"  # noqa: S104 - what is looked for, not what is done


def test_a_host_as_committed_passes_every_check(run_checks: RunChecks) -> None:
    outcomes = run_checks("check_hosts.py")

    assert len(outcomes) == 14
    assert failed(outcomes) == set()


def _change(raw: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        raw = raw[parent]
    raw[last] = value


class Fault(NamedTuple):
    """What is changed in an engine's inspect document, and what must come of it."""

    path: str
    value: object
    check: str
    words: str


ENGINE_FAULTS = {
    "unhealthy": Fault(
        "State.Health.Status", "unhealthy", "every container is healthy", "chat-1: unhealthy"
    ),
    "without a health check": Fault(
        "State.Health", None, "every container is healthy", "has no health check"
    ),
    "restarted again and again": Fault(
        "RestartCount", 3, "no container restarts in a loop", "3 restarts"
    ),
    "killed for memory": Fault(
        "State.OOMKilled", True, "no container was killed for memory", "limit 512 MiB"
    ),
    "privileged": Fault(
        "HostConfig.Privileged", True, "no container is privileged", "chat-1: privileged"
    ),
    "on the host's network": Fault(
        "HostConfig.NetworkMode", "host", "no container is privileged", "chat-1: network"
    ),
    "holding docker.sock": Fault(
        "Mounts",
        [{"Source": "/run/docker.sock"}],
        "no container holds the docker socket",
        "root on the host",
    ),
    "able to gain privileges": Fault(
        "HostConfig.SecurityOpt",
        None,
        "no container can gain privileges",
        "no-new-privileges is off",
    ),
    "with default capabilities": Fault(
        "HostConfig.CapDrop", None, "no container can gain privileges", "default capabilities"
    ),
    "with an added capability": Fault(
        "HostConfig.CapAdd",
        ["CAP_SYS_ADMIN"],
        "no container can gain privileges",
        "has CAP_SYS_ADMIN",
    ),
    "root": Fault("Config.User", "", "no container runs as root", "chat-1"),
    "writable": Fault(
        "HostConfig.ReadonlyRootfs", False, "no container can write to its own image", "chat-1"
    ),
    "published to the world": Fault(
        "NetworkSettings.Ports",
        {"8080/tcp": [{"HostIp": ANYWHERE, "HostPort": "18200"}]},
        "only the gateway is published",
        f"chat-1: {ANYWHERE}:18200",
    ),
    "started from another configuration": Fault(
        "Config.Labels",
        {
            "com.docker.compose.project": "homeport-lab-gpu_hosts",
            "com.docker.compose.service": "chat-1",
            "homeport.config-sha256": "f" * 64,
        },
        "containers run the committed configuration",
        "started from ffffffffffff",
    ),
    "stopped": Fault("State.Status", "exited", "every service runs", "chat-1: exited"),
}


@pytest.mark.parametrize("fault", ENGINE_FAULTS.values(), ids=ENGINE_FAULTS)
def test_exactly_one_check_fails_when_an_engine_is(
    fault: Fault, run_checks: RunChecks, deployment: Deployment
) -> None:
    _change(deployment.docker.containers["chat-1"], fault.path, fault.value)

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == {fault.check}
    assert fault.words in messages(outcomes)
    assert "remedy: " in messages(outcomes)


def test_a_service_without_a_container_is_named(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    del deployment.docker.containers["chat-2"]

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == {"every service runs"}
    assert "chat-2: no container" in messages(outcomes)


def test_the_gateways_own_listener_may_be_reached_from_outside(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    ports = {"8080/tcp": [{"HostIp": "10.0.0.5", "HostPort": "8080"}]}
    deployment.docker.containers["nginx"]["NetworkSettings"]["Ports"] = ports
    released = deployment.release.gateway
    assert released is not None

    assert failed(run_checks("check_hosts.py")) == {"only the gateway is published"}
    deployment.commit(gateway=released.model_copy(update={"listen": "10.0.0.5:8080"}))
    assert failed(run_checks("check_hosts.py")) == set()


def test_an_engine_of_a_group_may_be_on_the_hosts_network_and_no_other(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    for name in ("chat-1", "chat-2"):
        deployment.docker.containers[name]["HostConfig"]["NetworkMode"] = "host"
    joined = {"address": "10.0.0.5", "peers": ("10.0.0.6",), "master_ports": (29501,)}
    groups = GroupAccess.model_validate({**joined, "services": ("chat-1",)})
    deployment.commit(groups=groups)

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == {"no container is privileged"}
    assert "chat-2: network" in messages(outcomes)
    assert "chat-1: network" not in messages(outcomes)


def test_a_docker_that_does_not_answer_is_told_with_its_own_words(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    deployment.docker.version = "permission denied while trying to connect to the Docker daemon"
    deployment.docker.containers.clear()

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == {"docker answers", "every service runs"}
    assert "permission denied" in messages(outcomes)
    assert "group docker" in messages(outcomes)


def _on_path(deployment: Deployment, name: str, script: str) -> None:
    deployment.docker.folder.mkdir(exist_ok=True)
    program = deployment.docker.folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1000, "s behind"), (1000, "s ahead"), (-3, ""), (4, "")],
)
def test_a_clock_that_is_wrong_by_more_than_five_seconds_is_found(
    seconds: int, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    _on_path(deployment, "date", f"/bin/date --date='{seconds} seconds' +%s")

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == ({"the clock is right"} if words else set())
    assert words in messages(outcomes)


@pytest.mark.parametrize(("ahead", "is_right"), [(5, True), (-5, True), (5.1, False), (-6, False)])
def test_five_seconds_are_the_most_that_a_clock_may_be_wrong(ahead: float, is_right: bool) -> None:
    deployed = cast("Deployed", SimpleNamespace(live=SimpleNamespace(clock_ahead_seconds=ahead)))
    with nullcontext() if is_right else pytest.raises(pytest.fail.Exception, match="the clock is"):
        check_the_clock_is_right(deployed)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo header; echo /dev/vda 9 9 1023 99% /", "only 0 MiB are free"),
        (f"echo header; echo /dev/vda 9 9 {2**20 - 1} 99% /", "only 1023 MiB are free"),
        ("exit 1", "the kit's directory does not exist"),
    ],
    ids=["full", "almost", "missing"],
)
def test_a_disk_without_room_is_found(
    script: str, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    _on_path(deployment, "df", script)

    outcomes = run_checks("check_hosts.py")

    assert failed(outcomes) == {"the disk has room"}
    assert words in messages(outcomes)


def test_a_disk_with_just_enough_room_passes(run_checks: RunChecks, deployment: Deployment) -> None:
    _on_path(deployment, "df", f"echo header; echo /dev/vda 9 9 {2**20} 99% /")

    assert failed(run_checks("check_hosts.py")) == set()


def test_an_unreachable_host_is_no_failed_check(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _on_path(deployment, "timeout", "echo no route to host >&2; exit 127")

    outcomes = run_checks("check_hosts.py")

    assert {line["result"] for line in outcomes.values()} == {"unreachable"}
    assert "localhost is unreachable: no route to host" in messages(outcomes)
