"""One operation per image of a release, so that each shows by its name."""

from pyinfra import host

from deploys.operations import image_base, images
from deploys.operations.image_context import CONTEXTS
from deploys.render.release import Release
from deploys.settings.registry import mirrored

BASE_IMAGE = "docker.io/library/debian:forky-slim"


def every_image(release: Release, directory: str) -> None:
    """The base first, where something is to be built on it."""
    if any(image.build is not None for image in release.images):
        image_base.base(
            name="Have the base image",
            references=tuple(image.reference for image in release.images if image.build),
            directory=directory,
            base_image=host.data.get("base_image", mirrored(BASE_IMAGE, release.registry)),
            registry=release.registry,
            debian_mirror=host.data.get("debian_mirror"),
        )
    # pyinfra tells operations apart by line and loop position, not by name.
    for image in host.loop(release.images):  # type: ignore[no-untyped-call]
        if image.build is None:
            images.pulled(
                name=f"Pull the image {image.name}",
                reference=image.reference,
                directory=directory,
                registry=release.registry,
            )
        else:
            images.built(
                name=f"Build the image {image.name}",
                reference=image.reference,
                context=str(CONTEXTS / image.build.context),
                directory=directory,
            )
