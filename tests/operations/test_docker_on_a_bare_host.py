"""Docker, the images and the tear-down on a real Debian 12 that has nothing: about two minutes.

The tests build on each other, from the bare host to the host that is taken down again.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.render.image_tags import built_reference
from tests.lab.bare_host import (
    ROOT,
    BareHost,
    remove_bare_host,
    start_bare_host,
)

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-bare"
INSTALL = "Install Docker Engine and Compose v2"
ANSWER = "Have the Docker daemon answer"
DOCKER = "deploys/docker.py"

IMAGES = """
from pathlib import Path
from deploys.operations.image_list import every_image
from deploys.render.image_tags import built_reference
from deploys.render.release import Image, ImageBuild, Release
def image(name):
    reference = built_reference(name, Path("deploys/images"))
    return Image(name=name, reference=reference, build=ImageBuild(context=name))
every_image(
    Release(
        environment="test", host="bare", release="test", network="homeport-test", files={},
        images=(image("llamacpp"), image("nginx")), models=(), projects=(), engines=None,
        gateway=None,
    ),
    "/srv/homeport",
)
"""

DOWN = """
from deploys.operations import teardown
teardown.containers(name="containers", environment="test")
teardown.folders(
    name="folders", environment="test", directory="/srv/homeport", image="homeport/debian:forky"
)
teardown.daemon(name="daemon", environment="test")
"""


@pytest.fixture(scope="module")
def bare() -> Iterator[BareHost]:
    host = start_bare_host(NAME, "--volume=/var/lib/docker")
    yield host
    remove_bare_host(NAME)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return _written(tmp_path / "images.py", IMAGES)


@pytest.fixture
def down(tmp_path: Path) -> Path:
    return _written(tmp_path / "down.py", DOWN)


def test_a_dry_run_on_a_bare_host_tells_both_changes_and_makes_none(bare: BareHost) -> None:
    before = bare.run("dpkg-query --show; ls /etc/apt/sources.list.d /etc/apt/preferences.d")
    assert bare.planned(DOCKER) == [INSTALL, ANSWER]
    assert before == bare.run(
        "dpkg-query --show; ls /etc/apt/sources.list.d /etc/apt/preferences.d"
    )


def test_a_user_who_is_not_root_is_refused_before_anything_is_installed(bare: BareHost) -> None:
    bare.run("id bob || useradd --create-home bob")
    said = bare.refusal(DOCKER, "--data", "_su_user=bob")
    assert "error: Docker is missing, and installing it needs root" in said


def test_docker_comes_up_from_nothing_with_compose_and_containers_run(bare: BareHost) -> None:
    assert bare.deploy(DOCKER)["results"]["totals"]["success"] == 2
    assert bare.run("docker version --format '{{.Server.Version}}'").startswith("20.10.")
    assert bare.run("docker compose version --short").startswith("2.")


def test_nothing_but_compose_came_from_the_next_release(bare: BareHost) -> None:
    assert "deb12" in bare.run("dpkg-query --show --showformat '${Version}' docker.io")
    assert bare.run("apt-get --simulate dist-upgrade | grep '^Inst.*trixie' || true") == ""


def test_no_maintainer_script_started_docker_its_own_way(bare: BareHost) -> None:
    assert bare.run("ls /usr/sbin/policy-rc.d /var/log/docker.log 2>/dev/null || true") == ""
    assert bare.run("cat /run/homeport/dockerd.pid").split()[0].isdigit()


def test_the_second_run_changes_nothing(bare: BareHost) -> None:
    assert bare.deploy(DOCKER)["results"]["totals"] == {
        "hosts": 2, "success": 0, "error": 0, "no_change": 2,
    }  # fmt: skip


def test_a_user_outside_the_docker_group_is_told_what_to_do(bare: BareHost) -> None:
    said = bare.refusal(DOCKER, "--data", "_su_user=bob")
    assert "error: Docker is running, and this user has no permission on its socket" in said
    assert "hint: add the user to the docker group" in said


def test_a_user_in_the_docker_group_needs_no_root(bare: BareHost) -> None:
    bare.run("usermod --append --groups docker bob")
    report = bare.deploy(DOCKER, "--data", "_su_user=bob")
    assert report["results"]["totals"]["no_change"] == 2
    bare.run("gpasswd --delete bob docker")


def test_images_are_built_from_the_hosts_own_mirror_and_run(bare: BareHost, images: Path) -> None:
    bare.deploy(images)
    nginx = built_reference("nginx", ROOT / "deploys" / "images")
    llamacpp = built_reference("llamacpp", ROOT / "deploys" / "images")
    locked = "--rm --read-only --tmpfs /tmp --cap-drop ALL --network none"
    assert "nginx/1." in bare.run(f"docker run {locked} {nginx} -v 2>&1")
    assert "version" in bare.run(f"docker run {locked} {llamacpp} --version 2>&1")
    assert bare.run(f"docker run {locked} --entrypoint id {nginx} -u") == "10001"
    assert "nginx\t" in bare.run("cat /srv/homeport/images/nginx/packages.txt")


def test_a_second_run_builds_nothing_and_leaves_no_folder_behind(
    bare: BareHost, images: Path
) -> None:
    assert bare.planned(images) == []
    assert bare.deploy(images)["results"]["totals"]["success"] == 0
    assert bare.run("ls -A /var/tmp") == ""
    assert bare.run("docker ps --all --quiet") == ""


def test_a_base_image_at_hand_and_the_docker_group_are_enough_without_root(
    bare: BareHost, tmp_path: Path
) -> None:
    bare.run("docker tag homeport/debian:forky site/debian:forky")
    bare.run("docker image rm $(docker images --format '{{.Repository}}:{{.Tag}}' 'homeport/*')")
    bare.run("docker image inspect site/debian:forky && usermod --append --groups docker bob")
    images = _written(tmp_path / "images.py", IMAGES.replace("/srv/homeport", "/home/bob/kit"))
    bob = ("--data", "_su_user=bob", "--data", "base_image=site/debian:forky")
    assert bare.deploy(images, *bob)["results"]["totals"]["success"] == 3
    assert bare.run("stat --format %U /home/bob/kit/images/nginx/packages.txt") == "bob"


def test_a_daemon_with_somebody_elses_container_stays_up(bare: BareHost, down: Path) -> None:
    _run_container(bare, "stranger")
    bare.deploy(down)
    assert bare.run("docker ps --format '{{.Names}}'") == "stranger"
    bare.run("docker rm --force stranger")


def test_the_tear_down_ends_all_that_was_started_and_keeps_what_is_not_the_kits(
    bare: BareHost, down: Path
) -> None:
    bare.run("docker network create --label homeport.environment=test homeport-test")
    _run_container(bare, "ours", "--network homeport-test --label homeport.environment=test")
    bare.run("mkdir -p /srv/homeport/secrets && chown 10001 /srv/homeport/secrets")
    bare.run("touch /srv/homeport/theirs")
    assert bare.planned(down) == ["containers", "folders", "daemon"]
    assert bare.deploy(down)["results"]["totals"]["success"] == 3
    assert bare.run("ls /srv/homeport") == "theirs"
    assert bare.run("cat /proc/[0-9]*/comm | grep -e dockerd -e containerd || true") == ""
    assert bare.deploy(down)["results"]["totals"]["success"] == 0


def test_a_daemon_that_cannot_start_shows_the_end_of_its_log(bare: BareHost) -> None:
    bare.run("mkdir -p /etc/docker && echo '{ nope' >/etc/docker/daemon.json")
    said = bare.refusal(DOCKER)
    bare.run("rm /etc/docker/daemon.json")
    assert "unable to configure the Docker daemon with file /etc/docker/daemon.json" in said
    assert "error: dockerd did not come up: it ended at once" in said
    assert bare.run("ls /run/homeport") == ""


def test_what_was_taken_down_comes_up_again_with_its_images(bare: BareHost, images: Path) -> None:
    assert bare.deploy(DOCKER)["results"]["totals"]["success"] == 1
    assert bare.planned(images) == []


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _run_container(bare: BareHost, name: str, options: str = "") -> None:
    bare.run(
        f"docker run --detach --init --name {name} {options} homeport/debian:forky sleep infinity"
    )
