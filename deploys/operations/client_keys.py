"""The file in which a gateway looks its clients' keys up: their digests, or the keys themselves."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploys.render.release import Release
from deploys.settings.client import Client, every_key
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve

# What RFC 6750 allows in a bearer token, and as long as nginx's buckets hold twice.
PLAIN_KEY = re.compile(r"[A-Za-z0-9._~+/=-]{1,128}")


def keys_text(release: Release, root: Path) -> str:
    """Lines of nginx's map for a release's clients. Raises Refused as the two below do."""
    clients = release.gateway.clients if release.gateway is not None else {}
    return clients_map(clients, root) if release.uses_njs else plain_keys_map(clients, root)


def clients_map(clients: Mapping[str, Client], root: Path) -> str:
    """nginx map lines: sha256 of each key -> its name, CLIENT or CLIENT/KEY.

    Raises Refused when a key cannot be read, or when two are the same: nginx would refuse them.
    """
    names: dict[str, str] = {}
    for name, reference, key in _keys(clients, root):
        _claim(names, hashlib.sha256(key.encode()).hexdigest(), name, reference)
    lines = sorted((name, digest) for digest, name in names.items())
    return "".join(f'"{digest}" "{name}";\n' for name, digest in lines)


def plain_keys_map(clients: Mapping[str, Client], root: Path) -> str:
    """nginx map lines: each key -> its name and the key again.

    nginx looks up without upper and lower case, and compares with the second one. Raises Refused as
    the other does, and for keys that differ in case alone or that nginx's file cannot hold.
    """
    names: dict[str, str] = {}
    lines = []
    for name, reference, key in _keys(clients, root):
        if not PLAIN_KEY.fullmatch(key):
            hint = (
                "letters, digits and . _ ~ + / = - alone, 128 at most: what gateway.njs off allows"
            )
            raise Refused([Complaint(reference, "", f"the key `{name}` has other signs", hint)])
        _claim(names, key.lower(), name, reference)
        # The backslash: a key may begin with ~, and words such as `default` have a meaning.
        lines.append(f'"\\\\{key}" "{name} {key}";\n')
    return "".join(lines)


def _keys(clients: Mapping[str, Client], root: Path) -> Iterator[tuple[str, str, str]]:
    """(name, reference, key itself)."""
    for name, _, key in every_key(clients):
        yield name, key.key, resolve(key.key, root).reveal()


def _claim(names: dict[str, str], key: str, name: str, reference: str) -> None:
    other = names.setdefault(key, name)
    if other != name:
        hint = "give each key a secret of its own"
        raise Refused([Complaint(reference, "", f"`{other}` and `{name}` share a key", hint)])
