"""Secrets on the controller: read once per run, refused before any host is touched."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deploys.render.release import Release
from deploys.settings.refusal import Refused
from deploys.settings.secrets import Secret, resolve


@cache
def secret(reference: str) -> Secret:
    """The command behind a reference may ask a person for a fingerprint: not once per host."""
    return resolve(reference, Path.cwd())


def unreadable(release: Release) -> Iterator[str]:
    """Error and hint for each secret of a release that cannot be read here."""
    access = (release.hub and release.hub.token, release.registry and release.registry.password)
    clients = release.gateway.clients.values() if release.gateway else ()
    for reference in (*access, *(client.key for client in clients)):
        try:
            if reference:
                secret(reference)
        except Refused as refused:
            yield str(refused)
