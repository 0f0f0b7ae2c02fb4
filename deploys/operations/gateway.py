"""The gateway: its clients' keys, the proof of a configuration, and the reload."""

import hashlib
from collections.abc import Generator, Mapping
from pathlib import Path

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from deploys.facts.gateway import Drains, FolderOwner, GatewayLoaded, SecretDigest
from deploys.facts.once import once
from deploys.facts.release import FileText
from deploys.operations.gateways import LOADED, reload
from deploys.render.release import COUNTERS
from deploys.settings.client import Client, every_key
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve

Commands = Generator[StringCommand, None, None]

# The uid that the gateway's container runs as; the only one that may read the clients' digests.
GATEWAY_UID = 10001
CLIENTS = "clients.map"


def clients_map(clients: Mapping[str, Client], root: Path) -> str:
    """nginx map lines: sha256 of each key -> its name, CLIENT or CLIENT/KEY.

    Raises Refused when a key cannot be read, or when two are the same: nginx would refuse them.
    """
    names: dict[str, str] = {}
    for name, _, key in every_key(clients):
        digest = hashlib.sha256(resolve(key.key, root).reveal().encode()).hexdigest()
        other = names.setdefault(digest, name)
        if other != name:
            hint = "give each key a secret of its own"
            raise Refused([Complaint(key.key, "", f"`{other}` and `{name}` share a key", hint)])
    lines = sorted((name, digest) for digest, name in names.items())
    return "".join(f'"{digest}" "{name}";\n' for name, digest in lines)


@operation()
def clients(directory: str, clients: Mapping[str, Client], image: str) -> Commands:
    """
    Put the digests of the clients' keys into the gateway's 0600 file.

    + directory: where the kit keeps its files
    + clients: reference to each client's key by name
    + image: the gateway's image
    """
    try:
        text = clients_map(clients, Path.cwd())
    except Refused as refused:
        raise OperationError(str(refused)) from refused
    folder = f"{directory}/secrets/gateway"
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if once(host, SecretDigest, folder=folder, file=CLIENTS, image=image) == wanted:
        host.noop("the gateway has its clients' digests")
        return
    # Through standard input: no argument, no log line and no temporary file ever holds it.
    new = QuoteString(f"{folder}/{CLIENTS}.new")
    yield StringCommand("umask 077; rm -f", new, "&& cat >", new, _stdin=text)
    yield _owned(folder, f"{CLIENTS}.new", image)
    yield StringCommand("mv -fT", new, QuoteString(f"{folder}/{CLIENTS}"))


@operation()
def counters(directory: str, image: str) -> Commands:
    """
    Give nginx a folder of its own, for what must outlive it.

    + directory: where the kit keeps its files
    + image: the gateway's image
    """
    folder = f"{directory}/{COUNTERS}"
    if once(host, FolderOwner, path=folder) == GATEWAY_UID:
        host.noop("the gateway has its folder for counters")
        return
    yield StringCommand("mkdir -p", QuoteString(folder))
    yield _owned(str(Path(folder).parent), Path(folder).name, image)


def valid_configuration(directory: str, release: str, image: str) -> StringCommand:
    """`nginx -t` on a staged release, in the gateway's own image and under its own uid."""
    staged = f"{directory}/releases/{release}/nginx"
    mounts = {
        f"{directory}/secrets/gateway": "/srv/homeport/secrets/gateway",
        f"{directory}/state/gateway": "/srv/homeport/state/gateway",
        staged: "/srv/homeport/gateway/current",
    }
    volumes = [
        StringCommand("--volume", QuoteString(f"{source}:{target}:ro"))
        for source, target in mounts.items()
    ]
    return StringCommand(
        "docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL",
        f"--user {GATEWAY_UID}:{GATEWAY_UID}",
        *volumes,
        "--entrypoint nginx",
        QuoteString(image),
        "-t -q -c /srv/homeport/gateway/current/nginx.conf",
    )


@operation()
def loaded(directory: str, project: str, revision: str, image: str) -> Commands:
    """
    Have nginx load the current release, its clients and what is drained; no answer is cut.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    + revision: content hash of the nginx files of the current release
    + image: the gateway's image
    """
    folder = f"{directory}/secrets/gateway"
    digest = once(host, SecretDigest, folder=folder, file=CLIENTS, image=image)
    wanted = f"{revision}-{digest[:12]}-"
    recorded = once(host, FileText, path=f"{directory}/{LOADED}")
    served = once(host, GatewayLoaded, project=project)
    word = served.get("loaded", "")
    drained = once(host, Drains, directory=directory).get("loaded", "")
    current = served.get("revision") == revision and served.get("drained") == drained
    if current and word.startswith(wanted) and word in recorded:
        host.noop(f"the gateway serves revision {revision}")
        return
    yield reload(directory, project, wanted)


def _owned(folder: str, file: str, image: str) -> StringCommand:
    owner = f"{GATEWAY_UID}:{GATEWAY_UID}"
    return StringCommand(
        'if [ "$(id -u)" = 0 ]; then chown', owner, QuoteString(f"{folder}/{file}"),
        # Whoever may use Docker without being root gives the file away through a container.
        "; else docker run --rm --network none --user 0 --cap-drop ALL --cap-add CHOWN --volume",
        QuoteString(f"{folder}:/folder"), "--entrypoint chown", QuoteString(image), owner,
        QuoteString(f"/folder/{file}"), "; fi",
    )  # fmt: skip
