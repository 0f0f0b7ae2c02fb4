"""Secrets of every kind on their way to hosts over SSH: where they stand, and where not."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploys.render.release import Image
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.client import Client
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.network import REGISTRY_NUMBER, address
from tests.operations import loud_run, secret_watch
from tests.operations.store_lab import DIRECTORY, StoreLab, outside, several_files

pytestmark = [pytest.mark.docker, pytest.mark.root]

SECRETS = {
    name: f"s3cret-{name}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    for name in ("by-environment", "by-file", "by-command", "password", "token")
}
USER = "kit"
HOSTS = ("gpu1", "gpu2", "gate1")
# What an apply does with secrets, in its order; and a difference, which no part of the kit shows.
SITE = """\
from io import StringIO

from pyinfra import host, local
from pyinfra.operations import files

from deploys.operations import gateway, release
from deploys.operations.manifest import host_directory, this_release

local.include("deploys/preflight.py")
local.include("deploys/lock.py")
local.include("deploys/images.py")
local.include("deploys/models.py")
release.folders(name="Make the folders", directory=host_directory(host))
if this_release(host).gateway is not None:
    gateway.clients(
        name="Give the gateway its clients",
        directory=host_directory(host),
        release=this_release(host),
        image="none",
    )
files.put(name="Differ", src=StringIO("after\\n"), dest="/tmp/differs")
"""
GATEWAY = GatewayRelease(
    service="nginx", image="none", revision="0", admin_port=8081, listen="127.0.0.1:8080",
    engines={},
    clients={
        "one": Client(key="env:CLIENT_KEY"),
        "two": Client(key="file:two.key"),
        "three": Client(key="command:cat three.key"),
    },
)  # fmt: skip
COMMIT = "b" * 40
WEIGHTS = f"/site/model/resolve/{COMMIT}/weights.bin"
LOGIN = re.compile(rf"file 600 root {DIRECTORY}/secrets/registry\.\w+/config\.json")
NEEDLES = secret_watch.needles(SECRETS.values(), USER)


@pytest.fixture
def reference(docker_lab: Lab) -> Iterator[str]:
    """An image in the lab's registry, which has a login now and is known to all hosts."""
    registry, here = docker_lab.registry, "homeport-lab-tests/secrets:1"
    assert registry is not None
    server = f"{address(docker_lab.name, REGISTRY_NUMBER)}:5000"
    docker("import", "-", here, given=bytes(10240))
    registry.require_login(USER, SECRETS["password"])
    for host in docker_lab.hosts:
        registry.trusted_by(host, server)
    yield f"{server}/site/secrets@{registry.push(here, 'site/secrets:1')}"
    registry.require_no_login()
    docker("image", "rm", here)
    for host in docker_lab.hosts:
        host.run("rm -r /etc/docker/certs.d; docker image rm $(docker image ls -q)", check=False)


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where all that runs on the controller keeps what is its own."""
    folder = tmp_path_factory.mktemp("home")
    loud_run.keep_below(folder, monkeypatch)
    return folder


@pytest.fixture
def repository(stores: StoreLab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the operator keeps: secrets in files that only they can read, and in the environment."""
    files = {"two.key": "by-file", "three.key": "by-command", "password": "password", "t": "token"}
    for name, secret in files.items():
        (stores.root / name).write_text(f"{SECRETS[secret]}\n")
        (stores.root / name).chmod(0o600)
    monkeypatch.setenv("CLIENT_KEY", SECRETS["by-environment"])
    (stores.root / "site.py").write_text(SITE)
    return stores.root


def test_secrets_stand_in_files_of_mode_0600_and_nowhere_else(
    stores: StoreLab, repository: Path, home: Path, reference: str
) -> None:
    stores.trust_the_lab()
    files = {WEIGHTS: os.urandom(2**20)}
    on_controller: list[str] = []
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            outside(stores.lab, b"", tls=True, others=files, token=SECRETS["token"])
        )
        commit(stores, server.url.replace("/model.gguf", ""), files[WEIGHTS], reference)
        for name in HOSTS:
            stack.enter_context(secret_watch.watched(stores.host(name), NEEDLES))
            stores.host(name).run("echo before >/tmp/differs; chmod 666 /tmp/differs")
        stack.enter_context(loud_run.arguments_watched(on_controller, NEEDLES))
        said = loud_run.loudest(repository, "inventories/lab.py", "site.py")
    assert server.paths == [WEIGHTS]
    assert_everything_was_said(said)
    assert (on_controller, loud_run.shown(said, NEEDLES)) == ([], [])
    assert loud_run.written(repository, NEEDLES, ("two.key", "three.key", "password", "t")) == []
    assert loud_run.written(home, NEEDLES, ()) == []
    shown = set().union(*(secret_watch.seen(stores.host(name)) for name in HOSTS))
    # Fast hosts may have pulled between two looks; none may have shown anything else.
    assert [one for one in shown if not LOGIN.fullmatch(one)] == []
    assert [secret_watch.left(stores.host(name)) for name in HOSTS] == [[], [], []]
    assert clients(stores) == "600 10001\n" + expected_clients()


def commit(stores: StoreLab, hub: str, content: bytes, reference: str) -> None:
    """Releases with the image, a model of the hub for GPU hosts, and a gateway with clients."""
    words = {
        "hub": {"endpoint": hub, "token": "command:cat t"},
        "registry": {
            "prefix": reference.partition("/")[0], "user": USER, "password": "file:password",
        },
        "images": (Image(name="secrets", reference=reference, build=None),),
    }  # fmt: skip
    model = several_files("m", f"hub:site/model@{COMMIT}", {"weights.bin": content})
    stores.commit([model], *HOSTS[:2], **words)
    stores.commit_gateway(GATEWAY, "gate1", **words)


def assert_everything_was_said(said: str) -> None:
    """A difference, the commands, and what was in the files that they put."""
    assert "- before" in said
    assert "+ after" in said
    assert said.count("Will modify /tmp/differs") >= len(HOSTS)
    assert "pull-image" in said
    assert f"{DIRECTORY}/secrets/gateway" in said


def expected_clients() -> str:
    keys = {"one": "by-environment", "two": "by-file", "three": "by-command"}
    digests = {
        name: hashlib.sha256(SECRETS[key].encode()).hexdigest() for name, key in keys.items()
    }
    return "\n".join(f'"{digest}" "{name}";' for name, digest in sorted(digests.items()))


def clients(stores: StoreLab) -> str:
    """Mode, owner and content of the gateway's file."""
    path = f"{DIRECTORY}/secrets/gateway/clients.map"
    return stores.host("gate1").run(f"stat --format '%a %u' {path}; cat {path}")
