"""What goes to a host as its release: the committed files, and out of the kit the watch's program.

The program is the same for every host of its kind, so that no commit has it: the release names it
by one digest, and a kit that has another program ships nothing.
"""

from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host

from deploys.operations.manifest import committed_files, committed_sources
from deploys.operations.refusal_words import REFUSED
from deploys.render.release import Release
from deploys.render.watch_program import committed_program, program
from deploys.settings.refusal import Complaint


def shipped_files(host: Host, release: Release) -> dict[str, str]:
    """Path below the release -> sha256; raises DeployError, which ends the run for every host
    before anything is changed, where this kit is not the one that the release was rendered with.
    """
    watch = release.watch
    found = committed_program(watch)
    if watch is not None and watch.program and not found:
        raise DeployError(f"{host.name}: {REFUSED}\n{_other_kit(release)}")
    return {**committed_files(release), **found}


def shipped_sources(release: Release) -> dict[str, str]:
    """Path below the release -> the committed file, or the kit's."""
    watch = release.watch
    parts = program(*watch.parts) if watch is not None and watch.program else {}
    return {**committed_sources(release), **{path: str(file) for path, file in parts.items()}}


def _other_kit(release: Release) -> Complaint:
    return Complaint(
        committed_sources(release)["release.yaml"],
        "watch.program",
        "the watch's program in this kit, or its package nvidia-ml-py, is another one",
        f"homeport render {release.environment}, review, commit, and apply again; or check out the "
        "version of the kit that it was rendered with, and install its requirements.lock",
    )
