"""Brings to a host the images that its release names: built there, or pulled."""

from collections.abc import Generator
from pathlib import Path

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.images import ImageIds
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.image_context import ship

# Measured: llamacpp adds 150 MiB to the base, nginx 40; package lists and archives come and go
# while they are built.
BUILD_MIB = 600

Commands = Generator[StringCommand, None, None]


@operation()
def built(reference: str, context: str, directory: str) -> Commands:
    """
    Have an image on the host that is built there.

    + reference: its name; the tag is the hash of what it is built from
    + context: local folder of the build context
    + directory: the kit's folder on the host
    """
    if reference in host.get_fact(ImageIds, references=(reference,)):
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
def pulled(reference: str) -> Commands:
    """
    Have an image on the host that comes from a registry.

    + reference: its name; pin a digest to have the same bytes everywhere
    """
    if reference in host.get_fact(ImageIds, references=(reference,)):
        host.noop(f"{reference} is there")
        return
    # Engines are 10 GiB and more; an hour fits them through 25 Mbit/s.
    yield StringCommand("timeout 3600 docker pull --quiet", QuoteString(reference))
