"""Docker from its own package source on a real Debian 12: a signed archive of stand-ins, real apt.

The tests build on each other. What is proved is apt's part: source, key, versions, holds, refusals.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.bare_host import ROOT, BareHost, remove_bare_host, start_bare_host
from tests.operations.nvidia_archives import plug_in
from tests.operations.package_archive import ARCHIVES, StandIn, make_key, prepare, publish

pytestmark = [pytest.mark.docker, pytest.mark.root]

NAME = "homeport-test-packages"
# Below the repository's root, as a committed key is; git ignores the folder.
KEYS = "build/test-keys"
OLD, NEW = "5:28.5.2-1~debian.12~bookworm", "5:29.0.1-1~debian.12~bookworm"
DEPLOY = """
from pyinfra import host
from deploys.operations import docker_engine
from deploys.operations.host_words import docker_words
docker_engine.installed(name="Install", docker=docker_words(host))
"""

PACKAGES = [
    *(
        StandIn("docker-ce", version, "Depends: docker-ce-cli, containerd.io\nConflicts: docker.io")
        for version in (OLD, NEW)
    ),
    *(StandIn("docker-ce-cli", version) for version in (OLD, NEW)),
    StandIn("containerd.io", "1.7.28-1~debian.12~bookworm", "Conflicts: containerd, runc"),
    StandIn("docker-compose-plugin", "2.40.3-1~debian.12~bookworm"),
]


@pytest.fixture(scope="module")
def bare() -> Iterator[BareHost]:
    host = start_bare_host(NAME)
    prepare(host)
    make_key(host, "docker", ROOT / KEYS / "docker.asc")
    make_key(host, "stranger", ROOT / KEYS / "stranger.asc")
    publish(host, "linux/debian", PACKAGES, "docker", "bookworm")
    yield host
    remove_bare_host(NAME)


@pytest.fixture
def deploy(tmp_path: Path) -> Path:
    path = tmp_path / "docker.py"
    path.write_text(DEPLOY)
    return path


def _words(**changes: object) -> tuple[str, str]:
    words = {
        "source": "docker",
        "repository": f"file:{ARCHIVES}/linux",
        "key": f"{KEYS}/docker.asc",
        **changes,
    }
    return "--data", f"docker={json.dumps(words)}"


def _versions(bare: BareHost) -> str:
    return bare.run("dpkg-query -W -f '${Package} ${Version} ${db:Status-Want}\\n' 'docker-ce*'")


def test_debian_12s_own_engine_is_refused_for_gpus_before_it_is_installed(
    bare: BareHost, tmp_path: Path
) -> None:
    plug_in(bare, ("0x10de", "0x030200"))
    path = tmp_path / "gpus.py"
    path.write_text(DEPLOY.replace("docker=docker_words(host)", "gpus=True"))
    said = bare.refusal(path)
    plug_in(bare)
    assert "error: Docker Engine 20.10." in said
    assert 'hint: set docker = {"source": "docker"} for this host' in said
    assert "docker.io" not in bare.run("dpkg-query --show")


def test_a_source_signed_by_a_stranger_is_not_believed_and_leaves_nothing(
    bare: BareHost, deploy: Path
) -> None:
    said = bare.refusal(deploy, *_words(key=f"{KEYS}/stranger.asc"))
    assert "NO_PUBKEY" in said
    assert bare.run("ls /etc/apt/sources.list.d") == ""
    assert "docker-ce" not in bare.run("dpkg-query --show")


def test_a_key_that_is_not_committed_is_refused_by_its_path(bare: BareHost, deploy: Path) -> None:
    said = bare.refusal(deploy, *_words(key="keys/none.asc"))
    assert "error: there is no file keys/none.asc" in said
    assert "hint: commit the key" in said


def test_a_pinned_version_is_installed_and_held(bare: BareHost, deploy: Path) -> None:
    assert bare.deploy(deploy, *_words(version="28.5.2"))["results"]["totals"]["success"] == 1
    assert _versions(bare) == f"docker-ce {OLD} hold\ndocker-ce-cli {OLD} hold"
    assert bare.run("dpkg-query -W -f '${db:Status-Want}' containerd.io") == "install"


def test_the_source_names_the_key_that_alone_may_sign_it(bare: BareHost) -> None:
    source = bare.run("cat /etc/apt/sources.list.d/homeport-docker.sources")
    assert "Signed-By: /etc/apt/keyrings/homeport-docker.asc" in source
    assert "Suites: bookworm\nComponents: stable\n" in source
    key = bare.run("cat /etc/apt/keyrings/homeport-docker.asc")
    assert key == (ROOT / KEYS / "docker.asc").read_text().strip()


def test_a_second_run_changes_nothing(bare: BareHost, deploy: Path) -> None:
    report = bare.deploy(deploy, *_words(version="28.5.2"))
    assert report["results"]["totals"]["no_change"] == 1


def test_an_upgrade_of_the_system_leaves_the_held_version(bare: BareHost) -> None:
    bare.run("apt-get dist-upgrade --yes -qq")
    assert _versions(bare).startswith(f"docker-ce {OLD} hold")


def test_another_version_in_the_inventory_moves_the_host_both_ways(
    bare: BareHost, deploy: Path
) -> None:
    bare.deploy(deploy, *_words(version="29.0.1"))
    assert _versions(bare) == f"docker-ce {NEW} hold\ndocker-ce-cli {NEW} hold"
    bare.deploy(deploy, *_words(version="28.5.2"))
    assert _versions(bare) == f"docker-ce {OLD} hold\ndocker-ce-cli {OLD} hold"


def test_a_version_that_the_source_lacks_is_refused_with_those_it_has(
    bare: BareHost, deploy: Path
) -> None:
    said = bare.refusal(deploy, *_words(version="27.1.0"))
    assert "error: apt knows no docker-ce 27.1.0" in said
    assert f"hint: versions there are: {NEW}, {OLD}" in said


def test_another_file_with_the_same_source_is_refused_by_its_name(
    bare: BareHost, deploy: Path
) -> None:
    line = f"deb [trusted=yes] file:{ARCHIVES}/linux/debian bookworm stable"
    bare.run(f"echo '{line}' >/etc/apt/sources.list.d/docker.list")
    said = bare.refusal(deploy, *_words(version="29.0.1"))
    bare.run("rm /etc/apt/sources.list.d/docker.list")
    assert "error: /etc/apt/sources.list.d/docker.list names file:" in said


def test_packages_of_the_distribution_are_named_and_not_removed(
    bare: BareHost, deploy: Path
) -> None:
    bare.run("apt-get purge --yes -qq --allow-change-held-packages 'docker-ce*' containerd.io")
    publish(
        bare, "distribution", [StandIn("docker.io", "20.10.24"), StandIn("runc", "1.1.5")], "docker"
    )
    bare.run(f"dpkg --install {ARCHIVES}/distribution/pool/*.deb")
    said = bare.refusal(deploy, *_words())
    assert "error: docker.io, runc: installed from the distribution" in said
    assert "apt-get remove docker.io runc" in said
    assert "20.10.24" in bare.run("dpkg-query --show docker.io")
