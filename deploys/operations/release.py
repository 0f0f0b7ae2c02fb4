"""Releases on a host: once staged they are validated, then switched atomically."""

from collections.abc import Generator, Iterator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.gateway_host import NginxVersions
from deploys.facts.once import once
from deploys.facts.release import MissingFolders
from deploys.operations.gateway import valid_configuration, valid_egress
from deploys.operations.host_script import refuse
from deploys.operations.manifest import RunRelease
from deploys.operations.monitors import valid_files
from deploys.operations.release_links import (
    UNFINISHED,
    linked,
    links_of,
    live_links,
    made_newest,
    stale_links,
    way,
)
from deploys.questions.nginx import too_old
from deploys.render.release import Release

FOLDERS = ("releases", "models", "images", "gateway", "secrets/gateway", "state/gateway", "applied")

Commands = Generator[StringCommand, None, None]


@operation()
def folders(directory: str) -> Commands:
    """
    Make the kit's folders on the host.

    + directory: where the kit keeps its files
    """
    missing = once(host, MissingFolders, directory=directory, folders=FOLDERS)
    if not missing:
        host.noop(f"the folders in {directory} are there")
        return
    paths = StringCommand(*(QuoteString(f"{directory}/{folder}") for folder in FOLDERS))
    yield StringCommand("mkdir -p", paths)
    # Lets nobody else through; what containers mount below it carries its own modes.
    yield StringCommand("chmod 700", QuoteString(f"{directory}/secrets"))


@operation()
def proved(directory: str, run: RunRelease, checks: list[StringCommand]) -> Commands:
    """
    Prove a staged release on the host, before anything that runs is touched.

    + directory: where the kit keeps its files
    + run: the release, and the fleet that it belongs to
    + checks: commands that must succeed

    From here until `switched` the host notes what it is on the way to, so that a rollback of a run
    that failed half-way ends where that run had begun.
    """
    stale = stale_links(directory, run)
    if stale.keys() & {"current", "gateway/current"}:
        yield from _fit_nginx(run.release)
        yield from checks
    if stale.keys() - {UNFINISHED}:
        yield linked(directory, UNFINISHED, way(run))
    if not stale.keys() - {UNFINISHED}:
        host.noop(f"release {run.release.release} is current")


def _fit_nginx(release: Release) -> Iterator[StringCommand]:
    """Refuses an nginx or njs with known holes; the image is here only once the run executes."""
    if release.gateway is None or not host.state.is_executing:
        return
    image = release.gateway.image
    old = too_old(host.get_fact(NginxVersions, image=image), with_njs=release.uses_njs)
    if old:
        hint = f"another image than {image} in `images.nginx`; left out, the host builds a fit one"
        yield refuse("; ".join(old), hint)


@operation()
def switched(directory: str, run: RunRelease) -> Commands:
    """
    Make a proved release the current one, now that its engines run.

    + directory: where the kit keeps its files
    + run: the release, and the fleet that it belongs to
    """
    stale = stale_links(directory, run)
    if not stale:
        host.noop(f"release {run.release.release} is current")
        return
    links = links_of(run)
    if "fleet" in stale and not run.goes_back:
        came_from = live_links(directory, run).get("fleet")
        if came_from:
            # After a rollback it is not the newest, and is what the next one goes back to.
            yield made_newest(directory, came_from.rpartition("/")[2])
        # Made anew, because its time says when this fleet came.
        stale = {f"applied/{run.fleet}": links[f"applied/{run.fleet}"], **stale}
    for link, target in stale.items():
        if link != UNFINISHED:
            yield linked(directory, link, target)
        if link == f"applied/{run.fleet}":
            yield made_newest(directory, run.fleet)
    yield StringCommand("rm -f --", QuoteString(f"{directory}/{UNFINISHED}"))


def checks(release: Release, directory: str) -> list[StringCommand]:
    """What must hold on the host before `release` becomes current there."""
    staged_release = f"{directory}/releases/{release.release}"
    proofs = [
        StringCommand(
            "docker compose --project-name", QuoteString(project.name), "--file",
            QuoteString(f"{staged_release}/{project.role}/compose.yaml"), "config --quiet",
        )
        for project in release.projects
    ]  # fmt: skip
    if release.gateway is not None:
        proofs.append(valid_configuration(directory, release.release, release.gateway.image))
        if release.gateway.egress is not None:
            proofs.append(valid_egress(directory, release, release.gateway.image))
    if release.monitors is not None:
        proofs.append(valid_files(directory, release.release, release.monitors.image))
    return proofs
