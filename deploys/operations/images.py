"""Brings to a host the images that its release names: built there, or pulled."""

import base64
import json
from collections.abc import Generator
from pathlib import Path

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.images import ImageIds
from deploys.facts.once import once
from deploys.operations.controller_secrets import revealed
from deploys.operations.host_script import SCRIPTS, refuse, run_script, told
from deploys.operations.image_context import ship
from deploys.settings.registry import Registry, server_and_path

# Measured: llamacpp adds 150 MiB to the base, nginx 40, postgresql 190; package lists and archives
# come and go while they are built.
BUILD_MIB = 600

# What Docker's client calls its own registry in config.json.
DOCKER_HUB = "https://index.docker.io/v1/"

Commands = Generator[StringCommand, None, None]


@operation()
def built(reference: str, context: str, directory: str) -> Commands:
    """
    Have an image on the host that is built there.

    + reference: its name; the tag is the hash of what it is built from
    + context: local folder of the build context
    + directory: the kit's folder on the host
    """
    if reference in once(host, ImageIds, references=(reference,)):
        host.noop(f"{reference} is there")
        return
    source = Path(context)
    if not source.is_dir():
        yield refuse(
            f"{reference} is to be built from {source}, which this checkout does not have",
            "render the environment again, and commit what it writes",
        )
        return
    target = f"{directory}/images/{source.name}"
    yield run_script(SCRIPTS / "need-space", str(BUILD_MIB), "docker", f"image {source.name}")
    yield from ship(source, target)
    yield run_script(SCRIPTS / "build-image", source.name, reference, target)


@operation()
def pulled(reference: str, directory: str, registry: Registry | None) -> Commands:
    """
    Have an image on the host that comes from a registry.

    + reference: its name; pin a digest to have the same bytes everywhere
    + directory: the kit's folder on the host
    + registry: the site's own and its login
    """
    if reference in once(host, ImageIds, references=(reference,)):
        host.noop(f"{reference} is there")
        return
    login = yield from client_login(reference, registry)
    yield told(run_script(SCRIPTS / "pull-image", directory, reference, given=login))


def client_login(reference: str, registry: Registry | None) -> Generator[StringCommand, None, str]:
    """Docker's config.json with the login for an image; empty without one.

    Written as `docker login` writes it, which would ask the registry once more, and would keep the
    password on the host.
    """
    if registry is None or server_and_path(reference)[0] != registry.server:
        return ""
    password = yield from revealed(registry.password)
    auth = base64.b64encode(f"{registry.user}:{password}".encode()).decode()
    server = DOCKER_HUB if registry.server == "docker.io" else registry.server
    return json.dumps({"auths": {server: {"auth": auth}}}) if password else ""
