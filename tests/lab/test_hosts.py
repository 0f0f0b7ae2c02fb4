"""Hosts of the lab are what a provider hands over, and the kit brings Docker to them over SSH."""

import pytest

from tests.lab import keys
from tests.lab.images import image
from tests.lab.inventory import Controller
from tests.lab.lab import Lab
from tests.lab.machine import docker, run

pytestmark = [pytest.mark.docker, pytest.mark.root]


def test_hosts_come_up_with_systemd_and_no_unit_fails(shared_lab: Lab) -> None:
    assert [host.name for host in shared_lab.hosts] == ["gpu1", "gpu2", "gate1"]
    for host in shared_lab.hosts:
        assert host.run("cat /proc/1/comm") == "systemd"
        assert host.failed_units() == []
        assert host.run("systemctl is-system-running") == "running"


def test_a_fresh_host_has_nothing_of_what_the_kit_must_bring() -> None:
    looking = "for name in docker dockerd containerd curl wget gcc; do command -v $name; done"
    found = docker("run", "--rm", "--entrypoint", "sh", image("host"), "-c", f"{looking}; true")
    assert found == ""


def test_the_operator_is_nobody_special_and_becomes_root_with_sudo(shared_lab: Lab) -> None:
    for host in shared_lab.hosts:
        assert host.ssh("id -un; id -u; sudo id -un; hostname").stdout.split() == [
            "operator", "1000", "root", host.name,
        ]  # fmt: skip


def test_every_host_has_a_host_key_and_a_machine_id_of_its_own(shared_lab: Lab) -> None:
    for command in ("cat /etc/ssh/ssh_host_ed25519_key.pub", "cat /etc/machine-id"):
        assert len({host.run(command) for host in shared_lab.hosts}) == len(shared_lab.hosts)


def test_hosts_reach_each_other_by_name(shared_lab: Lab) -> None:
    for host in shared_lab.hosts:
        found = host.run("getent hosts gpu1 gpu2 gate1 registry").split()
        assert {other.address for other in shared_lab.hosts} < set(found)


def test_ssh_refuses_a_host_that_shows_another_hosts_key(shared_lab: Lab) -> None:
    gpu1 = shared_lab.host("gpu1")
    command = (*gpu1.ssh_command(), "-o", "HostKeyAlias=gpu2", "true")
    done = run(*command, check=False)
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


def test_pyinfra_refuses_a_host_that_shows_another_hosts_key(
    shared_lab: Lab, lab_controller: Controller
) -> None:
    known = keys.folder(shared_lab.name) / "known_hosts"
    right = known.read_text()
    key_of = {line.split()[0]: line.split()[2] for line in right.splitlines()}
    (first, one), (_, other), *_ = key_of.items()
    try:
        known.write_text(right.replace(one, other))
        done = lab_controller.pyinfra("deploys/docker.py", "--dry", "--limit", first.split(",")[0])
    finally:
        known.write_text(right)
    assert done.returncode != 0
    assert "Host key" in done.stdout + done.stderr


def test_the_kit_brings_docker_to_bare_hosts_over_ssh_with_sudo(docker_lab: Lab) -> None:
    for host in docker_lab.hosts:
        assert int(host.run("docker version --format '{{.Server.Version}}'").split(".")[0]) >= 26
        assert host.run("docker compose version --short").startswith("2.")
        assert host.run("systemctl is-enabled docker.service") == "enabled"


def test_a_second_run_changes_nothing(docker_lab: Lab, lab_controller: Controller) -> None:
    assert lab_controller.planned("deploys/docker.py") == {}
    totals = lab_controller.deploy("deploys/docker.py")["results"]["totals"]
    assert (totals["success"], totals["error"]) == (0, 0)
    assert docker_lab.host("gate1").failed_units() == []


def test_a_host_that_reboots_has_its_files_and_its_docker_again(docker_lab: Lab) -> None:
    host = docker_lab.host("gpu2")
    host.run("echo kept >/srv/kept && docker volume create kept")
    host.reboot()
    assert host.ssh("cat /srv/kept").stdout == "kept\n"
    assert host.run("docker volume ls --quiet") == "kept"
    assert host.run("docker volume rm kept && rm /srv/kept && ls /dev/nvidia1 /dev/nvidiactl")


def test_a_power_cut_is_survived(docker_lab: Lab) -> None:
    host = docker_lab.host("gate1")
    host.pull_the_plug()
    command = (*host.ssh_command(), "-o", "ConnectTimeout=2", "true")
    assert run(*command, check=False).returncode == 255
    host.start()
    assert host.run("docker ps --quiet && systemctl is-active docker") == "active"


def test_a_host_that_is_cut_off_goes_on_and_is_reached_again(docker_lab: Lab) -> None:
    host = docker_lab.host("gpu1")
    with host.cut_off():
        command = (*host.ssh_command(), "-o", "ConnectTimeout=2", "true")
        assert run(*command, check=False).returncode == 255
        assert host.run("systemctl is-active docker") == "active"
    assert host.ssh("getent hosts gate1.lab").stdout.split()[0] == docker_lab.host("gate1").address
    assert docker_lab.host("gate1").run("getent hosts gpu1").split()[0] == host.address
