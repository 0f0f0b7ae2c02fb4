"""The steps in which all models of a release come to the hosts of a run."""

from pyinfra import host

from deploys.operations import model_sharing, models
from deploys.operations.model_sharing import FLEET_PORT
from deploys.render.release import Release


def every_model(release: Release, directory: str) -> None:
    """From outside first, then from host to host; in the order of the manifest."""
    if not release.models:
        return
    port = int(host.data.get("fleet_port", FLEET_PORT))
    models.room(name="Look at the models", directory=directory, models=release.models)
    # pyinfra tells operations apart by line and loop position, not by name.
    for model in host.loop(release.models):  # type: ignore[no-untyped-call]
        models.brought(
            name=f"Have the model {model.name}", directory=directory, model=model, hub=release.hub
        )
    model_sharing.key(name="Make a key for taking models", directory=directory)
    model_sharing.given(name="Give models to other hosts", directory=directory, port=port)
    for model in host.loop(release.models):  # type: ignore[no-untyped-call]
        model_sharing.taken(
            name=f"Take the model {model.name} from another host",
            directory=directory,
            model=model,
            hub=release.hub,
            port=port,
        )
    model_sharing.ended(name="End giving models", directory=directory)
