"""The gateway: its clients' keys, the proof of a configuration, and the reload."""

from collections.abc import Generator, Sequence
from pathlib import Path

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from deploys.facts.files import Owner
from deploys.facts.gateway import Drains, GatewayLoaded, SecretDigest
from deploys.facts.once import once
from deploys.facts.release import FileText
from deploys.operations import secret_file
from deploys.operations.client_keys import keys_text
from deploys.operations.gateways import LOADED, reload
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.secret_file import GATEWAY_UID
from deploys.questions.gateway_log import FOLDER as LOG_FOLDER
from deploys.render.egress import AUTHORITY, FOLDER, SYSTEM_AUTHORITIES
from deploys.render.egress_service import HOST_AUTHORITIES
from deploys.render.release import Release
from deploys.render.release_gateway import ANSWERS, COUNTERS, LOGS, GatewayRelease
from deploys.settings.refusal import Refused

Commands = Generator[StringCommand, None, None]

CLIENTS = "clients.map"


@operation()
def clients(directory: str, release: Release, image: str) -> Commands:
    """
    Put the digests of the clients' keys into the gateway's 0600 file; without njs the keys.

    + directory: where the kit keeps its files
    + release: names a reference to each client's key
    + image: the gateway's image
    """
    try:
        text = keys_text(release, Path.cwd())
    except Refused as refused:
        raise OperationError(str(refused)) from refused
    changed = yield from secret_file.written(f"{directory}/secrets/gateway", CLIENTS, text, image)
    if not changed:
        host.noop("the gateway has its clients' keys")


def own_folders_of(released: GatewayRelease) -> tuple[str, ...]:
    """The folders, below the kit's, that a gateway writes to."""
    used = {LOGS: True, COUNTERS: released.counts_tokens, ANSWERS: released.keeps_answers}
    return tuple(folder for folder, is_used in used.items() if is_used)


@operation()
def own_folders(directory: str, folders: Sequence[str], image: str) -> Commands:
    """
    Give nginx folders of its own, for what must outlive it.

    + directory: where the kit keeps its files
    + folders: below that
    + image: the gateway's image
    """
    paths = [f"{directory}/{folder}" for folder in folders]
    made = yield from secret_file.own_folders(paths, image)
    if not made:
        host.noop("the gateway has its own folders")


@operation()
def answers_removed(directory: str, image: str) -> Commands:
    """
    Remove the answers of a gateway that keeps none any more.

    + directory: where the kit keeps its files
    + image: the gateway's image
    """
    if once(host, Owner, path=f"{directory}/{ANSWERS}") is None:
        host.noop("the gateway keeps no answers")
        return
    yield run_script(SCRIPTS / "remove-folders", directory, image, ANSWERS)


def valid_configuration(directory: str, release: str, image: str) -> StringCommand:
    """`nginx -t` on a staged release, in the gateway's own image and under its own uid."""
    # nginx opens its log before it says a word, and what is only tried writes none.
    no_log = StringCommand(f"--tmpfs {LOG_FOLDER}:mode=1777")
    return _tried(directory, release, image, "gateway", "nginx.conf", no_log)


def valid_egress(directory: str, release: Release, image: str) -> StringCommand:
    """The same for the egress hop, with the CAs that it will trust."""
    own = f"nginx/{FOLDER}/{AUTHORITY}" in release.files
    trusted = StringCommand(
        # Not --volume, which would make a directory of a file that is missing.
        f"--mount type=bind,readonly,source={HOST_AUTHORITIES},target={SYSTEM_AUTHORITIES}"
    )
    options = () if own else (trusted,)
    return _tried(directory, release.release, image, "egress", f"{FOLDER}/nginx.conf", *options)


def _tried(
    directory: str, release: str, image: str, secrets: str, file: str, *options: StringCommand
) -> StringCommand:
    mounts = {
        f"{directory}/secrets/{secrets}": f"/srv/homeport/secrets/{secrets}",
        f"{directory}/state/{secrets}": f"/srv/homeport/state/{secrets}",
        f"{directory}/releases/{release}/nginx": "/srv/homeport/gateway/current",
    }
    volumes = [
        StringCommand("--volume", QuoteString(f"{source}:{target}:ro"))
        for source, target in mounts.items()
    ]
    return StringCommand(
        "docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL",
        f"--user {GATEWAY_UID}:{GATEWAY_UID}",
        *volumes,
        *options,
        "--entrypoint nginx",
        QuoteString(image),
        f"-t -q -c /srv/homeport/gateway/current/{file}",
    )


@operation()
def loaded(
    directory: str, project: str, revision: str, image: str, secrets: Sequence[str] = (CLIENTS,)
) -> Commands:
    """
    Have nginx load the current release, its clients and what is drained; no answer is cut.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    + revision: content hash of the nginx files of the current release
    + image: the gateway's image
    + secrets: files of secrets/gateway that nginx reads when it loads
    """
    folder = f"{directory}/secrets/gateway"
    digests = [once(host, SecretDigest, folder=folder, file=one, image=image) for one in secrets]
    wanted = f"{revision}-{'-'.join(digest[:12] for digest in digests)}-"
    recorded = once(host, FileText, path=f"{directory}/{LOADED}")
    served = once(host, GatewayLoaded, project=project)
    word = served.get("loaded", "")
    drained = once(host, Drains, directory=directory).get("loaded", "")
    current = served.get("revision") == revision and served.get("drained") == drained
    if current and word.startswith(wanted) and word in recorded:
        host.noop(f"the gateway serves revision {revision}")
        return
    yield reload(directory, project, wanted)
