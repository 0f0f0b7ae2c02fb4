"""Secrets of every kind on their way to hosts over SSH: where they stand, and where not."""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from deploys.render.release import Image
from deploys.render.release_gateway import GatewayRelease
from deploys.settings.client import Client
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.network import REGISTRY_NUMBER, address
from tests.operations import secret_watch
from tests.operations.store_lab import DIRECTORY, StoreLab, outside, several_files

pytestmark = [pytest.mark.docker, pytest.mark.root]

SECRETS = {
    name: f"s3cret-{name}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    for name in ("by-environment", "by-file", "by-command", "password", "token")
}
USER = "kit"
HOSTS = ("gpu1", "gpu2", "gate1")
# What an apply does with secrets, in its order.
SITE = """\
from pyinfra import host, local
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
def repository(stores: StoreLab, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the operator keeps: secrets in files that only they can read, and in the environment."""
    files = {"two.key": "by-file", "three.key": "by-command", "password": "password", "t": "token"}
    for name, secret in files.items():
        (stores.root / name).write_text(f"{SECRETS[secret]}\n")
        (stores.root / name).chmod(0o600)
    monkeypatch.setenv("CLIENT_KEY", SECRETS["by-environment"])
    (stores.root / "site.py").write_text(SITE)
    return stores.root


@contextlib.contextmanager
def arguments_watched(found: list[str]) -> Iterator[None]:
    """Samples the arguments of all processes of this machine."""
    done = Event()

    def look() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    text = path.read_bytes().decode(errors="replace")
                    found.extend(one for one in NEEDLES.split() if one in text)
            time.sleep(0.02)

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_secrets_stand_in_files_of_mode_0600_and_nowhere_else(
    stores: StoreLab, repository: Path, reference: str
) -> None:
    stores.trust_the_lab()
    source = f"hub:site/model@{'b' * 40}"
    content = os.urandom(2**20)
    path = f"/site/model/resolve/{'b' * 40}/weights.bin"
    images = (Image(name="secrets", reference=reference, build=None),)
    login = {"prefix": reference.partition("/")[0], "user": USER, "password": "file:password"}
    on_controller: list[str] = []
    with contextlib.ExitStack() as stack:
        files = {path: content}
        server = stack.enter_context(
            outside(stores.lab, b"", tls=True, others=files, token=SECRETS["token"])
        )
        hub = {"endpoint": server.url.replace("/model.gguf", ""), "token": "command:cat t"}
        words = {"hub": hub, "registry": login, "images": images}
        stores.commit([several_files("m", source, {"weights.bin": content})], *HOSTS[:2], **words)
        stores.commit_gateway(GATEWAY, "gate1", **words)
        for name in HOSTS:
            stack.enter_context(secret_watch.watched(stores.host(name), NEEDLES))
        stack.enter_context(arguments_watched(on_controller))
        said = loudest(repository)
    assert server.paths == [path]
    assert on_controller == []
    assert [one for one in NEEDLES.split() if one in said] == []
    assert written(repository) == []
    config = f"file 600 root {DIRECTORY}/secrets/registry/config.json"
    shown = [secret_watch.seen(stores.host(name)) for name in HOSTS]
    # Fast hosts may have pulled between two looks; none may have shown anything else.
    assert set().union(*shown) == {config}
    assert [secret_watch.left(stores.host(name)) for name in HOSTS] == ["", "", ""]
    assert clients(stores) == "600 10001\n" + expected_clients()


def loudest(repository: Path) -> str:
    """Everything that pyinfra says about a run when it says as much as it can."""
    options = ("--yes", "-vvv", "--debug", "--debug-facts", "--debug-operations", "--diff")
    command = [sys.executable, "-m", "pyinfra", *options, "inventories/lab.py", "site.py"]
    texts = []
    for leave_out in (slice(3, 5), slice(0, 0)):
        words = [word for word in command if word not in options[leave_out]]
        done = subprocess.run(words, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        texts += [done.stdout, done.stderr]
    assert "--- " in "".join(texts) or "docker pull" in "".join(texts)
    return "".join(texts)


def written(repository: Path) -> list[str]:
    """Files of the repository that hold a secret, besides those that the operator keeps."""
    own = {"two.key", "three.key", "password", "t"}
    files = [path for path in repository.rglob("*") if path.is_file() and path.name not in own]
    texts = {path: path.read_bytes().decode(errors="replace") for path in files}
    return [
        str(path) for path, text in texts.items() if any(one in text for one in NEEDLES.split())
    ]


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
