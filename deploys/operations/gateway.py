"""The gateway: its clients' keys, the proof of a configuration, and the reload."""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from deploys.facts.gateway import Drains, GatewayLoaded, SecretDigest
from deploys.facts.once import once
from deploys.facts.release import FileText
from deploys.operations.gateway_secrets import GATEWAY_UID, placed
from deploys.operations.gateways import LOADED, reload
from deploys.settings.client import Client
from deploys.settings.refusal import Refused
from deploys.settings.secrets import resolve

Commands = Generator[StringCommand, None, None]

CLIENTS = "clients.map"


def clients_map(clients: Mapping[str, Client], root: Path) -> str:
    """nginx map lines: sha256 of each client's key -> the client's name."""
    lines = {
        name: hashlib.sha256(resolve(client.key, root).reveal().encode()).hexdigest()
        for name, client in clients.items()
    }
    return "".join(f'"{digest}" "{name}";\n' for name, digest in sorted(lines.items()))


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
    yield from placed(folder, CLIENTS, text, image)


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
