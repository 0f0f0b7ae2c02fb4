"""Releases on a host: staged beside the running one, validated, then switched atomically."""

from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, QuoteString, StringCommand, operation

from deploys.facts.release import LinkTarget, MissingFolders, StagedFiles
from deploys.operations.gateway import LOADED, valid_configuration
from deploys.render.release import Release

FOLDERS = ("releases", "models", "images", "gateway", "secrets/gateway", "state/gateway")

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
def switched(
    directory: str, release: str, checks: list[StringCommand], has_gateway: bool
) -> Commands:
    """
    Make a staged release the current one, once every check of it has passed on the host.

    + directory: where the kit keeps its files
    + release: name of the release
    + checks: commands that must succeed before the switch
    + has_gateway: whether the release carries nginx files
    """
    links = {"current": f"releases/{release}"}
    if has_gateway:
        links["gateway/current"] = f"../releases/{release}/nginx"
    stale = {
        link: target
        for link, target in links.items()
        if host.get_fact(LinkTarget, path=f"{directory}/{link}") != target
    }
    if not stale:
        host.noop(f"release {release} is current")
        return
    yield from checks
    for link, target in stale.items():
        new = f"{directory}/{link}.new"
        yield StringCommand(
            "ln -sfn", QuoteString(target), QuoteString(new),
            "&& mv -T", QuoteString(new), QuoteString(f"{directory}/{link}"),
        )  # fmt: skip


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
