"""What the operations of an apply look at first, asked in one round trip before and after the lock.

Each of them asks by itself for what is not known here: nothing but speed depends on this list.
"""

from collections.abc import Iterator

from pyinfra.api.host import Host

from deploys.facts.compose import ComposeServices, NetworkExists
from deploys.facts.docker import DockerHost
from deploys.facts.docker_daemon import DockerDaemon
from deploys.facts.files import FileDigests
from deploys.facts.history import KeptReleases
from deploys.facts.images import ImageIds
from deploys.facts.models import StoredSizes
from deploys.facts.nvidia import NvidiaHost
from deploys.facts.once import Question, look
from deploys.facts.ports import ListeningPorts
from deploys.facts.release import MissingFolders, StagedFiles
from deploys.facts.users import UserName
from deploys.operations.container_user import UID
from deploys.operations.docker_daemon import authority_paths
from deploys.operations.host_words import docker_words
from deploys.operations.manifest import host_directory, this_release
from deploys.operations.models import store_paths
from deploys.operations.release import FOLDERS
from deploys.render.release import Release


def before_the_lock(host: Host, release: Release) -> None:
    """What is judged while pyinfra still prepares."""
    services: list[Question] = [
        (ComposeServices, {"project": project.name}) for project in release.projects
    ]
    ports: list[Question] = [(ListeningPorts, {})] if release.gateway is not None else []
    look(host, [(DockerHost, {}), (NvidiaHost, {}), *services, *ports])


def after_the_lock(host: Host) -> None:
    """What an apply looks at on a host that is as committed; once a run."""
    if host.state.is_executing:
        look(host, _questions(host, this_release(host)))


def _questions(host: Host, release: Release) -> Iterator[Question]:
    directory = host_directory(host)
    yield DockerHost, {}
    yield NvidiaHost, {}
    yield DockerDaemon, {}
    yield UserName, {"uid": UID}
    if authorities := docker_words(host).daemon.registry_authorities:
        yield FileDigests, {"paths": authority_paths(authorities)}
    for image in release.images:
        yield ImageIds, {"references": (image.reference,)}
    for model in release.models:
        yield StoredSizes, {"paths": store_paths(directory, model.files)}
    yield MissingFolders, {"directory": directory, "folders": FOLDERS}
    yield StagedFiles, {"directory": f"{directory}/releases/{release.release}"}
    yield NetworkExists, {"network": release.network}
    yield KeptReleases, {"directory": directory}
