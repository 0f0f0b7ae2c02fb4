"""Hosts over SSH that pull one large image from a private registry with a login."""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from deploys.cli.pyinfra_run import Run, run_pyinfra
from deploys.render.release import Image
from tests.lab.host import File
from tests.lab.lab import Lab
from tests.lab.machine import docker
from tests.lab.network import REGISTRY_NUMBER, address
from tests.lab.registry import Registry
from tests.operations.store_lab import StoreLab

NAME = "site/large:1"
USER, PASSWORD = "kit", "password-of-the-lab's-registry"
LARGE_MIB = 24
# What site.py does after the images, as far as it matters here: it stops replicas.
SITE = """\
from pyinfra import local
from pyinfra.operations import server

local.include("deploys/images.py")
server.shell(name="Stop a replica", commands=["touch /tmp/stopped"])
"""
LEFT = "find / -xdev -name config.json -path '*docker*' -o -xdev -path '*/secrets/registry*'"


@contextmanager
def with_login(lab: Lab) -> Iterator[Registry]:
    """The lab's registry, with a login, by its address; every host knows its CA."""
    assert lab.registry is not None
    server = f"{address(lab.name, REGISTRY_NUMBER)}:5000"
    folder = f"/etc/docker/certs.d/{server}"
    for host in lab.hosts:
        host.put({f"{folder}/ca.crt": File(lab.registry.ca.read_bytes())})
    lab.registry.require_login(USER, PASSWORD)
    yield Registry(server, lab.registry.ca, lab.registry.container)
    lab.registry.require_no_login()
    for host in lab.hosts:
        host.run(f"rm -r {folder}")


@contextmanager
def pushed(registry: Registry) -> Iterator[str]:
    """An image of one large file, by its digest in the registry."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("large")
        member.size = LARGE_MIB * 2**20
        archive.addfile(member, io.BytesIO(os.urandom(member.size)))
    here = "homeport-lab-tests/large:1"
    docker("import", "-", here, given=packed.getvalue())
    yield f"{registry.address}/site/large@{registry.push(here, NAME)}"
    docker("image", "rm", here)


def commit(pullers: StoreLab, reference: str) -> None:
    """Commits the image for all hosts."""
    server = reference.partition("/")[0]
    login = {"prefix": server, "user": USER, "password": "env:REGISTRY_PASSWORD"}
    image = Image(name="large", reference=reference, build=None)
    pullers.commit((), images=(image,), registry=login)


def apply(pullers: StoreLab, reference: str) -> Run:
    """Commits the image for all hosts, and applies."""
    commit(pullers, reference)
    return run_pyinfra(pullers.root, "lab", "site.py")


def on_each(pullers: StoreLab, command: str) -> set[str]:
    """What a command prints on the hosts."""
    return {host.run(command, check=False) for host in pullers.lab.hosts}


def nothing_was_stopped(pullers: StoreLab) -> bool:
    return on_each(pullers, "ls /tmp/stopped 2>&-") == {""}
