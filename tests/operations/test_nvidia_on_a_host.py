"""deploys/nvidia.py on a real Debian 13 with systemd: stand-in packages, a made-up PCI bus.

The tests build on each other. Real are apt, dpkg, systemd and the kit; that the real driver works
is for hosts that have the device.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.operations.nvidia_files import MODULES
from tests.lab.bare_host import OPTIONS, ROOT, BareHost, remove_bare_host
from tests.lab.images import image
from tests.lab.machine import docker
from tests.operations.nvidia_archives import (
    LIBRARIES,
    NEW,
    OLD,
    plug_in,
    publish_drivers,
    publish_toolkits,
    run_module,
    words,
)
from tests.operations.package_archive import make_key, prepare

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-nvidia"
DEPLOY = "deploys/nvidia.py"
THERE = "dpkg-query --show; find /etc/apt /etc/modprobe.d /etc/cdi 2>/dev/null || true"
GPU, NETWORK_CARD, SOUND = ("0x10de", "0x030200"), ("0x15b3", "0x020000"), ("0x10de", "0x040300")


@pytest.fixture(scope="module")
def gpu() -> Iterator[BareHost]:
    remove_bare_host(NAME)
    docker("run", "--detach", "--name", NAME, *OPTIONS, image("host"))
    host = BareHost(NAME)
    host.run("for _ in $(seq 60); do systemctl is-system-running --wait && exit; sleep 0.5; done",
             check=False)  # fmt: skip
    prepare(host)
    make_key(host, "nvidia", ROOT / "build" / "test-keys" / "nvidia.asc")
    publish_drivers(host)
    publish_toolkits(host)
    plug_in(host, NETWORK_CARD, SOUND)
    run_module(host, "")
    yield host
    remove_bare_host(NAME)


def _data(**changes: object) -> tuple[str, str]:
    return "--data", "nvidia=" + json.dumps({**words(), **changes})


def _said(gpu: BareHost, *options: str) -> str:
    """All that pyinfra says when the deploy goes well."""
    pyinfra = str(Path(sys.executable).with_name("pyinfra"))
    command = [pyinfra, "--yes", *options, f"@docker/{gpu.name}", DEPLOY]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout + done.stderr


def _versions(gpu: BareHost, pattern: str) -> set[str]:
    shown = gpu.run(f"dpkg-query -W -f '${{Version}} ${{db:Status-Want}}\\n' {pattern}")
    return set(shown.splitlines())


def _cdi(gpu: BareHost) -> str:
    return gpu.run("grep -o 'libcuda.*' /run/cdi/nvidia.yaml")


def test_a_host_without_the_device_is_left_alone_and_told_so(gpu: BareHost) -> None:
    before = gpu.run(THERE)
    said = _said(gpu, *_data())
    assert "no NVIDIA device on this host" in said
    assert gpu.run(THERE) == before


def test_a_device_that_is_not_the_kits_business_is_left_alone_and_told_so(gpu: BareHost) -> None:
    plug_in(gpu, NETWORK_CARD, GPU, GPU)
    said = _said(gpu, *_data(managed=False))
    assert "are left as they are (nvidia.managed)" in said
    assert gpu.planned(DEPLOY) == []


def test_the_pinned_driver_comes_whole_although_there_is_a_newer_one(gpu: BareHost) -> None:
    said = gpu.refusal(DEPLOY, *_data())
    # As on a host whose kernel runs nouveau or another driver: the module is not there yet.
    assert "error: there is no NVIDIA module for the running kernel" in said
    assert _versions(gpu, "nvidia-driver-cuda libcuda1 'nvidia-kernel*'") == {f"{OLD}-1 hold"}
    assert "Signed-By: /etc/apt/keyrings/homeport-nvidia-cuda.asc" in gpu.run(
        "cat /etc/apt/sources.list.d/homeport-nvidia-cuda.sources"
    )


def test_the_toolkits_four_packages_are_at_one_version_and_held(gpu: BareHost) -> None:
    assert _versions(gpu, "'*nvidia-container*'") == {"1.20.0-1 hold"}


def test_nouveau_and_unattended_upgrades_are_kept_away(gpu: BareHost) -> None:
    assert "blacklist nouveau" in gpu.run(f"cat {MODULES}")
    settings = gpu.run("apt-config dump Unattended-Upgrade::Package-Blacklist")
    assert '"nvidia-"' in settings
    assert '"libcuda1$"' in settings


def test_an_upgrade_of_the_system_leaves_driver_and_toolkit(gpu: BareHost) -> None:
    gpu.run("apt-get dist-upgrade --yes -qq")
    assert _versions(gpu, "'*nvidia*' libcuda1") == {f"{OLD}-1 hold", "1.20.0-1 hold"}


def test_with_its_module_the_driver_is_kept_loaded_and_specified(gpu: BareHost) -> None:
    run_module(gpu, OLD)
    assert gpu.deploy(DEPLOY, *_data())["results"]["totals"]["success"] == 2
    assert gpu.run("systemctl is-active nvidia-persistenced") == "active"
    assert gpu.run("systemctl is-enabled nvidia-cdi-refresh.service") == "enabled"
    assert _cdi(gpu) == f"libcuda.so.{OLD}"


def test_a_second_run_changes_nothing(gpu: BareHost) -> None:
    totals = gpu.deploy(DEPLOY, *_data())["results"]["totals"]
    assert (totals["success"], totals["no_change"]) == (0, 5)


def test_libraries_that_no_longer_fit_the_running_module_are_refused_with_a_reboot(
    gpu: BareHost,
) -> None:
    said = gpu.refusal(DEPLOY, *_data(driver=words(NEW)["driver"]))
    assert f"error: the kernel runs NVIDIA's module {OLD}, the libraries are {NEW}" in said
    assert "reboot the host; the kit never reboots by itself" in said
    assert _versions(gpu, "nvidia-driver-cuda libcuda1") == {f"{NEW}-1 hold"}
    assert _cdi(gpu) == f"libcuda.so.{OLD}"


def test_after_the_reboot_the_specification_is_renewed(gpu: BareHost) -> None:
    run_module(gpu, NEW)
    assert gpu.deploy(DEPLOY, *_data(driver=words(NEW)["driver"]))["results"]["totals"]["success"]
    assert _cdi(gpu) == f"libcuda.so.{NEW}"


def test_a_toolkit_without_a_refresh_service_writes_the_specification_itself(gpu: BareHost) -> None:
    gpu.run("rm /usr/lib/systemd/system/nvidia-cdi-refresh.* /run/cdi/nvidia.yaml")
    gpu.run("systemctl daemon-reload")
    newer = _data(driver=words(NEW)["driver"])
    assert gpu.deploy(DEPLOY, *newer)["results"]["totals"]["success"] == 1
    assert f"libcuda.so.{NEW}" in gpu.run("cat /etc/cdi/nvidia.yaml")
    assert gpu.deploy(DEPLOY, *newer)["results"]["totals"]["success"] == 0


def test_a_driver_that_is_the_hosts_own_is_only_checked(gpu: BareHost) -> None:
    gpu.run(f"touch {LIBRARIES}/libnvidia-ml.so.{OLD}")
    said = gpu.refusal(DEPLOY, *_data(driver={"source": "installed"}))
    assert f"error: libraries of several NVIDIA drivers are installed: {OLD} {NEW}" in said
