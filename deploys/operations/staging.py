"""Puts the files of a release on a host, beside the release that runs there."""

from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api import FileUploadCommand, QuoteString, StringCommand, operation

from deploys.facts.once import once
from deploys.facts.release import StagedFiles
from deploys.operations.gateways import LOADED
from deploys.operations.host_script import SCRIPTS, run_script

Commands = Generator[StringCommand | FileUploadCommand, None, None]


@operation()
def staged(
    directory: str, release: str, files: Mapping[str, str], sources: Mapping[str, str]
) -> Commands:
    """
    Put a release's files beside the running one, byte for byte as committed, and as in the kit.

    + directory: where the kit keeps its files
    + release: name of the release
    + files: sha256 by path below the release
    + sources: file on this machine by path below the release
    """
    target = f"{directory}/releases/{release}"
    live = once(host, StagedFiles, directory=target)
    stale = {path: sources[path] for path in sorted(files) if live.get(path) != files[path]}
    extra = sorted(live.keys() - files.keys())
    if not stale and not extra:
        host.noop(f"release {release} is staged")
        return
    if stale:
        yield _space(f"{directory}/releases", release, stale)
    if any(path.startswith("nginx/") for path in [*stale, *extra]):
        # What nginx loaded may no longer be what lies here: forget it before anything is changed,
        # so that the gateway is reloaded even if this run ends half-way.
        yield StringCommand("rm -f", QuoteString(f"{directory}/{LOADED}"))
    yield from _uploads(target, stale)
    for path in extra:
        yield StringCommand("rm", QuoteString(f"{target}/{path}"))


def _space(folder: str, release: str, sources: Mapping[str, str]) -> StringCommand:
    """Fails where these files do not fit."""
    # Rounded up: a disk that lacks the rest of a MiB is full for all else, too.
    needed_mib = sum(Path(source).stat().st_size for source in sources.values()) // 2**20 + 1
    return run_script(SCRIPTS / "need-space", str(needed_mib), folder, f"release {release}")


def _uploads(target: str, sources: Mapping[str, str]) -> Commands:
    for parent in sorted({str(Path(path).parent) for path in sources}):
        yield StringCommand("mkdir -p", QuoteString(f"{target}/{parent}"))
    for path, source in sources.items():
        # Beside its place and then renamed: no reader ever sees half a file.
        part = QuoteString(f"{target}/{path}.part")
        yield FileUploadCommand(source, f"{target}/{path}.part")
        yield StringCommand(
            "chmod 644", part, "&& mv -T", part, QuoteString(f"{target}/{path}")
        )  # fmt: skip
