"""What monitors need on their host before they start: secrets, and folders to write to."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.once import once
from deploys.facts.release import MissingFolders
from deploys.operations import secret_file
from deploys.operations.controller_secrets import revealed
from deploys.operations.secret_file import GATEWAY_UID
from deploys.render.release_monitors import PASSWORD, SECRETS, WEBHOOK, MonitorsRelease

Commands = Generator[StringCommand, None, None]

# Where the link to the current release's files lies, and what only containers read.
PLACES = ("monitors", SECRETS)


@operation()
def prepared(directory: str, released: MonitorsRelease) -> Commands:
    """
    Give monitors their secrets, each in a 0600 file, and folders of their own.

    + directory: where the kit keeps its files
    + released: references to the secrets, and the folders
    """
    changed = bool(once(host, MissingFolders, directory=directory, folders=PLACES))
    if changed:
        kept = (QuoteString(f"{directory}/{folder}") for folder in PLACES)
        yield StringCommand("mkdir -p", *kept)
    paths = [f"{directory}/{folder}" for folder in released.folders]
    changed |= yield from secret_file.own_folders(paths, released.image)
    for file, reference in wanted_secrets(released).items():
        text = yield from revealed(reference)
        if not text:
            return
        # With a line's end: what goes through standard input gets one anyway.
        folder = f"{directory}/{SECRETS}"
        changed |= yield from secret_file.written(folder, file, f"{text}\n", released.image)
    if not changed:
        host.noop("monitors have their secrets and folders")


def wanted_secrets(released: MonitorsRelease) -> dict[str, str]:
    """File -> reference."""
    webhook = {WEBHOOK: released.webhook} if released.webhook is not None else {}
    return {PASSWORD: released.password, **webhook}


def valid_files(directory: str, release: str, image: str) -> StringCommand:
    """`promtool check config` on a staged release: Prometheus would not start with a bad rule."""
    files = QuoteString(f"{directory}/releases/{release}/monitors/prometheus:/files:ro")
    return StringCommand(
        "docker run --rm --network none --read-only --cap-drop ALL",
        f"--user {GATEWAY_UID}:{GATEWAY_UID}",
        "--volume",
        files,
        "--entrypoint promtool",
        QuoteString(image),
        "check config /files/prometheus.yaml",
    )
