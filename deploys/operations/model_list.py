"""One operation per model of a release, so that each shows by its name."""

from pyinfra import host

from deploys.operations import models
from deploys.render.release import Release


def every_model(release: Release, directory: str) -> None:
    """In the order of the manifest."""
    # pyinfra tells operations apart by line and loop position, not by name.
    for model in host.loop(release.models):  # type: ignore[no-untyped-call]
        models.stored(
            name=f"Have the model {model.name}",
            directory=directory,
            model=model.name,
            source=model.source,
            files=model.files,
        )
