"""What the operations of an apply look at first, asked in one round trip before and after the lock.

Each of them asks by itself for what is not known here: nothing but speed depends on this list.
"""

from collections.abc import Iterator

from pyinfra.api.host import Host

from deploys.facts.compose import ComposeServices, NetworkExists, NetworkLetsOut
from deploys.facts.docker import DockerHost
from deploys.facts.docker_daemon import DockerDaemon
from deploys.facts.files import FileDigests, Owner
from deploys.facts.gateway import Drains, GatewayLoaded, SecretDigest, ServedCertificate
from deploys.facts.gateway_host import KeepalivedHost
from deploys.facts.hardware import Hardware
from deploys.facts.history import KeptReleases
from deploys.facts.images import ImageIds
from deploys.facts.models import ModelStore
from deploys.facts.nvidia import NvidiaHost
from deploys.facts.once import Question, look
from deploys.facts.ports import ListeningPorts
from deploys.facts.release import FileText, LinkTargets, MissingFolders, StagedFiles
from deploys.facts.users import UserName
from deploys.facts.vector_store import VectorStore
from deploys.facts.watch import WatchedHost
from deploys.operations import fleet_way, group_way
from deploys.operations.container_user import UID
from deploys.operations.docker_daemon import authority_paths
from deploys.operations.gateway import own_folders_of
from deploys.operations.gateway_certificate import CERTIFICATE, loaded_secrets
from deploys.operations.gateways import LOADED
from deploys.operations.host_words import docker_words
from deploys.operations.manifest import (
    engines_project,
    host_directory,
    project_of,
    this_project,
    this_release,
    this_run,
)
from deploys.operations.model_fleet import asked_paths
from deploys.operations.monitors import PLACES, wanted_secrets
from deploys.operations.release import FOLDERS
from deploys.operations.release_links import asked_links
from deploys.operations.run_end import is_held
from deploys.operations.vector_store import files_of, own_paths
from deploys.render.release import Release
from deploys.render.release_gateway import ANSWERS, GatewayRelease
from deploys.render.release_monitors import SECRETS
from deploys.render.release_retrieval import PLACED
from deploys.render.roles import MONITORING


def before_the_lock(host: Host, release: Release) -> None:
    """What is judged while pyinfra still prepares."""
    services: list[Question] = [
        (ComposeServices, {"project": project.name}) for project in release.projects
    ]
    look(host, [(DockerHost, {}), (NvidiaHost, {}), *services, *_of_the_release(host, release)])


def pulled_references(release: Release) -> tuple[str, ...]:
    """Images that come from a registry, sorted."""
    return tuple(sorted({image.reference for image in release.images if image.build is None}))


def _of_the_release(host: Host, release: Release) -> Iterator[Question]:
    if release.gateway is not None or (release.retrieval and release.retrieval.published):
        yield ListeningPorts, {}
    if release.retrieval is not None:
        yield VectorStore, {"container": release.retrieval.container}
    if release.gateway is not None:
        if release.gateway.egress is not None:
            yield NetworkLetsOut, {"network": release.network}
        yield from _of_the_certificate(release.gateway, host_directory(host))
    if release.hardware is not None:
        yield (
            Hardware,
            {
                "gpus": bool(release.hardware.gpus),
                "environment": release.environment,
            },
        )
    if release.models:
        paths = asked_paths(release.models)
        yield ModelStore, {"directory": host_directory(host), "paths": paths}
    if release.registry is not None and pulled_references(release):
        yield ImageIds, {"references": pulled_references(release)}


def after_the_lock(host: Host) -> None:
    """What an apply looks at on a host that is as committed; once a run.

    A part that runs by itself, without a lock, may have no release: Docker on a bare host.
    """
    if host.state.is_executing and is_held(host):
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
    if release.models:
        yield ModelStore, {"directory": directory, "paths": asked_paths(release.models)}
    yield MissingFolders, {"directory": directory, "folders": FOLDERS}
    yield StagedFiles, {"directory": f"{directory}/releases/{release.release}"}
    yield NetworkExists, {"network": release.network}
    if release.gateway is not None:
        yield NetworkLetsOut, {"network": release.network}
        yield FileDigests, {"paths": (fleet_way.unit_path(release.environment),)}
    yield FileDigests, {"paths": (group_way.unit_path(release.environment),)}
    rendered = f"{directory}/releases/{release.release}/gpu_hosts"
    yield ComposeServices, {"project": engines_project(host), "directory": rendered}
    yield KeptReleases, {"directory": directory}
    wanted = release.watch is not None
    watched = {"environment": release.environment, "directory": directory, "wanted": wanted}
    yield WatchedHost, watched
    yield LinkTargets, {"directory": directory, "links": asked_links(this_run(host))}
    yield from _of_the_gateway(host, release, directory)
    yield from _of_the_monitors(host, release, directory)
    yield from _of_the_store(host, release, directory)


def _of_the_gateway(host: Host, release: Release, directory: str) -> Iterator[Question]:
    project = this_project(host, "gateways")
    if project is None or release.gateway is None:
        return
    folder, image = f"{directory}/secrets/gateway", release.gateway.image
    for file in loaded_secrets(release.gateway):
        yield SecretDigest, {"folder": folder, "file": file, "image": image}
    yield from _of_the_certificate(release.gateway, directory)
    for own in {*own_folders_of(release.gateway), ANSWERS}:
        yield Owner, {"path": f"{directory}/{own}"}
    yield Drains, {"directory": directory}
    yield ComposeServices, {"project": project.name, "directory": f"{directory}/current/gateways"}
    yield FileText, {"path": f"{directory}/{LOADED}"}
    yield GatewayLoaded, {"project": project.name}
    yield KeepalivedHost, {}


def _of_the_monitors(host: Host, release: Release, directory: str) -> Iterator[Question]:
    for role in MONITORING:
        if this_project(host, role) is None:
            yield ComposeServices, {"project": project_of(host, role)}
        else:
            current = f"{directory}/current/{role}"
            yield ComposeServices, {"project": project_of(host, role), "directory": current}
    released = release.monitors
    if released is None:
        return
    yield MissingFolders, {"directory": directory, "folders": PLACES}
    for folder in released.folders:
        yield Owner, {"path": f"{directory}/{folder}"}
    for file in wanted_secrets(released):
        folder = f"{directory}/{SECRETS}"
        yield SecretDigest, {"folder": folder, "file": file, "image": released.image}


def _of_the_certificate(gateway: GatewayRelease, directory: str) -> Iterator[Question]:
    if gateway.tls is not None and gateway.tls.authority is not None:
        folder = f"{directory}/secrets/gateway"
        yield ServedCertificate, {"folder": folder, "file": CERTIFICATE, "image": gateway.image}


def _of_the_store(host: Host, release: Release, directory: str) -> Iterator[Question]:
    project = this_project(host, "vector_stores")
    if project is None or release.retrieval is None:
        return
    for path in own_paths(directory):
        yield Owner, {"path": path}
    paths = tuple(f"{directory}/{PLACED}/{path}" for path in files_of(release))
    yield FileDigests, {"paths": paths}
    folder = f"{directory}/current/vector_stores"
    yield ComposeServices, {"project": project.name, "directory": folder}
    yield VectorStore, {"container": release.retrieval.container}
