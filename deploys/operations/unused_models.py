"""Takes models away that no release needs, on request alone."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.catalogue.unused import needed_words, unused
from deploys.facts.models import StoreAnswer
from deploys.operations.host_script import refuse
from deploys.render.release import Release


@operation()
def removed(directory: str, release: Release) -> Generator[StringCommand, None, None]:
    """
    Remove what lies in the store and no kept release needs, nor the committed one.

    + directory: the kit's folder on the host
    + release: the committed one
    """
    answer = host.get_fact(StoreAnswer, directory=directory)
    try:
        found = unused(answer, needed_words(model.files for model in release.models))
    except ValueError as error:
        yield refuse(str(error), "see releases/*/release.yaml there; nothing was removed")
        return
    if not found:
        host.noop("every model in the store is needed")
        return
    paths = (QuoteString(f"{directory}/models/{path}") for one in found for path in one.paths)
    yield StringCommand("rm -rf --one-file-system --", *paths)
