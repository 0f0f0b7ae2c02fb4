"""How a host is set up against the inventory: each difference is named, with what mends it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from checks.committed import Committed, read_committed
from checks.probes.live import Live, observe
from checks.probes.setup import Setup
from checks.probes.setup_drift import setup_differences
from deploys.operations.docker_choice import DOCKER_PACKAGES
from deploys.operations.nvidia_choice import TOOLKIT_PACKAGES
from deploys.questions.docker_daemon import DaemonState
from deploys.questions.nvidia import NvidiaSystem
from deploys.questions.packages import Package
from deploys.settings import inventory
from deploys.settings.docker import Docker
from deploys.settings.inventory import InventoryHost
from deploys.settings.nvidia import Nvidia
from tests.checks.deployment import Deployment

DRIVER = "580.95.05"
NVIDIA = NvidiaSystem(
    devices=2, kernel="6.12", loaded=DRIVER, on_disk=DRIVER, library=DRIVER,
    cdi="/run/cdi/nvidia.yaml", cdi_driver=DRIVER,
)  # fmt: skip
PACKAGES = {
    **dict.fromkeys(DOCKER_PACKAGES, Package("5:28.5.2-1~debian.13~trixie", held=True)),
    **dict.fromkeys(TOOLKIT_PACKAGES, Package("1.20.0-1", held=True)),
    "libcuda1": Package(f"{DRIVER}-1", held=True),
}
DAEMON = DaemonState(
    text=json.dumps({
        "live-restore": True, "log-driver": "json-file", "features": {"cdi": True},
        "log-opts": {"max-size": "50m", "max-file": "3"}, "theirs": 1,
    }),
    version="28.5.2",
)  # fmt: skip
SETUP = Setup(PACKAGES, NVIDIA, DAEMON)

Found = dict[str, list[str]]
Seen = tuple[Committed, Live]


@pytest.fixture
def committed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Committed:
    """A host over SSH with Docker's own packages at a version, and a driver at one."""
    hosts = [{"name": "@local", "groups": ["lab"], "data": {"directory": ".homeport/lab"}}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: hosts)
    found = read_committed(deployment.root, "lab")[0]
    words = {"source": "docker", "version": "28.5.2"}
    driver = {"driver": {"version": "580.95"}}
    return replace(found, docker=Docker.model_validate(words), nvidia=Nvidia.model_validate(driver))


@pytest.fixture
def seen(committed: Committed, deployment: Deployment) -> Seen:
    deployment.docker.write()
    live = replace(observe(committed, deployment.root), docker="28.5.2", setup=SETUP)
    return committed, live


def found(seen: Seen, **changes: Any) -> Found:  # noqa: ANN401
    committed, live = seen
    over_ssh = InventoryHost("gpu1", "gpu1", (), {})
    here = replace(live, setup=replace(live.setup, **changes))
    rows = setup_differences(replace(committed, host=over_ssh), here)
    return {what: rest for what, *rest in rows}


def test_a_host_that_is_set_up_as_committed_has_no_drift(seen: Seen) -> None:
    assert found(seen) == {}


@pytest.mark.parametrize(
    ("package", "now", "what", "said"),
    [
        ("docker-ce", Package("5:29.0.0-1~x", held=True), "package docker-ce", "5:29.0.0-1~x"),
        ("docker-ce", Package("5:28.5.2-1~x"), "package docker-ce: hold", "5:28.5.2-1~x, not held"),
        ("docker-compose-plugin", Package(), "package docker-compose-plugin", "missing"),
        (TOOLKIT_PACKAGES[0], Package("1.20.1-1", held=True), f"package {TOOLKIT_PACKAGES[0]}",
         "1.20.1-1"),
        ("libcuda1", Package(f"{DRIVER}-1"), "package libcuda1: hold", f"{DRIVER}-1, not held"),
    ],
)  # fmt: skip
def test_a_package_at_another_version_or_without_its_hold_is_named(
    seen: Seen, package: str, now: Package, what: str, said: str
) -> None:
    assert found(seen, packages={**PACKAGES, package: now})[what][1] == said


@pytest.mark.parametrize(
    ("change", "what", "said", "remedy"),
    [
        ({"library": "590.48.01"}, "NVIDIA driver: libraries", "590.48.01", ""),
        ({"library": "590.48.01", "on_disk": "590.48.01"}, "NVIDIA driver",
         f"the kernel runs NVIDIA's module {DRIVER}, the libraries are 590.48.01", "reboot"),
        ({"loaded": "", "on_disk": ""}, "NVIDIA driver",
         "there is no NVIDIA module for the running kernel 6.12", "dkms status"),
        ({"loaded": "", "nouveau": True}, "NVIDIA driver", "the kernel runs nouveau", "reboot"),
        ({"cdi_driver": "570.1.2"}, "CDI specification", "570.1.2", ""),
        ({"cdi": "", "cdi_driver": ""}, "CDI specification", "missing", ""),
    ],
)  # fmt: skip
def test_a_driver_that_is_not_the_committed_one_or_does_not_fit_is_named(
    seen: Seen, change: dict[str, Any], what: str, said: str, remedy: str
) -> None:
    row = found(seen, nvidia=replace(NVIDIA, **change))[what]
    assert said in row[1]
    assert remedy in row[2]


def test_a_key_of_daemon_json_that_was_taken_away_is_named(seen: Seen) -> None:
    text = json.dumps({"live-restore": False, "theirs": 2})
    rows = found(seen, daemon=replace(DAEMON, text=text))
    assert rows["daemon.json: live-restore"] == ["true", "false", ""]
    assert rows["daemon.json: log-driver"] == ['"json-file"', "not there", ""]
    assert "daemon.json: theirs" not in rows


def test_a_daemon_json_that_is_no_json_is_named_with_its_line(seen: Seen) -> None:
    rows = found(seen, daemon=replace(DAEMON, text="{"))
    assert "line 1" in rows["daemon.json"][1]
    assert "mend /etc/docker/daemon.json" in rows["daemon.json"][2]


def test_a_change_that_the_daemon_was_not_told_of_is_named(seen: Seen) -> None:
    rows = found(seen, daemon=replace(DAEMON, pending="restart"))
    assert rows["daemon.json"][1] == "a restart is outstanding"


def test_an_engine_without_cdi_on_a_host_with_gpus_is_named_with_the_setting(seen: Seen) -> None:
    rows = found((seen[0], replace(seen[1], docker="20.10.24")))
    assert rows["Docker Engine"][:2] == ["25 or later", "20.10.24"]
    assert 'set "version" in docker to 25 or later' in rows["Docker Engine"][2]


def test_what_is_not_the_kits_business_is_no_drift(seen: Seen) -> None:
    words = Docker.model_validate({"daemon": {"managed": False}})
    nvidia = Nvidia.model_validate({"managed": False})
    other = replace(seen[0], docker=words, nvidia=nvidia)
    rows = found(
        (other, seen[1]), packages={}, nvidia=NvidiaSystem(devices=1), daemon=DaemonState()
    )
    assert rows == {}


def test_a_host_without_a_gpu_has_no_driver_to_differ(seen: Seen) -> None:
    rows = found(seen, nvidia=NvidiaSystem())
    assert rows == {}
