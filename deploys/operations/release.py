"""Releases on a host: staged beside the running one, validated, then switched atomically."""

from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, QuoteString, StringCommand, operation

from deploys.facts.release import LinkTargets, MissingFolders, StagedFiles
from deploys.operations.gateway import LOADED, valid_configuration
from deploys.operations.manifest import RunRelease
from deploys.render.release import Release

FOLDERS = ("releases", "models", "images", "gateway", "secrets/gateway", "state/gateway", "applied")

Commands = Generator[StringCommand | FileUploadCommand, None, None]


@operation()
def folders(directory: str) -> Commands:
    """
    Make the kit's folders on the host.

    + directory: where the kit keeps its files
    """
    missing = host.get_fact(MissingFolders, directory=directory, folders=FOLDERS)
    if not missing:
        host.noop(f"the folders in {directory} are there")
        return
    paths = StringCommand(*(QuoteString(f"{directory}/{folder}") for folder in FOLDERS))
    yield StringCommand("mkdir -p", paths)
    # Lets nobody else through; what containers mount below it carries its own modes.
    yield StringCommand("chmod 700", QuoteString(f"{directory}/secrets"))


@operation()
def staged(
    directory: str, release: str, files: Mapping[str, str], sources: Mapping[str, str]
) -> Commands:
    """
    Put a release's files beside the running one, byte for byte as committed.

    + directory: where the kit keeps its files
    + release: name of the release
    + files: sha256 by path below the release
    + sources: committed file by path below the release
    """
    target = f"{directory}/releases/{release}"
    live = host.get_fact(StagedFiles, directory=target)
    stale = [path for path in sorted(files) if live.get(path) != files[path]]
    extra = sorted(live.keys() - files.keys())
    if not stale and not extra:
        host.noop(f"release {release} is staged")
        return
    if any(path.startswith("nginx/") for path in [*stale, *extra]):
        # What nginx loaded may no longer be what lies here: forget it before anything is changed,
        # so that the gateway is reloaded even if this run ends half-way.
        yield StringCommand("rm -f", QuoteString(f"{directory}/{LOADED}"))
    parents = sorted({str(Path(path).parent) for path in stale})
    for parent in parents:
        yield StringCommand("mkdir -p", QuoteString(f"{target}/{parent}"))
    for path in stale:
        # Beside its place and then renamed: no reader ever sees half a file.
        yield FileUploadCommand(sources[path], f"{target}/{path}.part")
        yield StringCommand(
            "chmod 644", QuoteString(f"{target}/{path}.part"),
            "&& mv -T", QuoteString(f"{target}/{path}.part"), QuoteString(f"{target}/{path}"),
        )  # fmt: skip
    for path in extra:
        yield StringCommand("rm", QuoteString(f"{target}/{path}"))


@operation()
def switched(directory: str, run: RunRelease, checks: list[StringCommand]) -> Commands:
    """
    Make a staged release the current one, once every check of it has passed on the host.

    + directory: where the kit keeps its files
    + run: the release, and the fleet that it belongs to
    + checks: commands that must succeed before the switch
    """
    links = _links(run)
    live = host.get_fact(LinkTargets, directory=directory, links=tuple(links))
    stale = {link: target for link, target in links.items() if live.get(link) != target}
    if not stale:
        host.noop(f"release {run.release.release} is current")
        return
    if stale.keys() & {"current", "gateway/current"}:
        yield from checks
    if "fleet" in stale and not run.goes_back:
        # Made anew, because its time says when this fleet came.
        stale = {f"applied/{run.fleet}": links[f"applied/{run.fleet}"], **stale}
    for link, target in stale.items():
        new = f"{directory}/{link}.new"
        yield StringCommand(
            "ln -sfn", QuoteString(target), QuoteString(new),
            "&& mv -T", QuoteString(new), QuoteString(f"{directory}/{link}"),
        )  # fmt: skip


def _links(run: RunRelease) -> dict[str, str]:
    """The links of a host that runs this, in the order in which they are switched.

    The fleet comes first: a run that ends between the links is in the new one, and a rollback
    knows what was before it.
    """
    release = run.release.release
    links = {} if run.goes_back else {f"applied/{run.fleet}": f"../releases/{release}"}
    links |= {"fleet": f"applied/{run.fleet}", "current": f"releases/{release}"}
    if run.release.gateway is not None:
        links["gateway/current"] = f"../releases/{release}/nginx"
    return links


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
    return proofs
