"""The file in which a gateway looks its clients' keys up: their digests, or the keys themselves."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploys.operations.drawn_keys import PLAIN_KEY, is_drawn, short_cut, shown_signs
from deploys.render.release import Release
from deploys.settings.client import Client, every_key
from deploys.settings.refusal import Complaint, Refused
from deploys.settings.secrets import resolve


def keys_text(release: Release, root: Path) -> str:
    """Lines of nginx's map for a release's clients. Raises Refused as the two below do."""
    clients = release.gateway.clients if release.gateway is not None else {}
    return clients_map(clients, root) if release.uses_njs else plain_keys_map(clients, root)


def clients_map(clients: Mapping[str, Client], root: Path) -> str:
    """nginx map lines: sha256 of each key -> its name, CLIENT or CLIENT/KEY; and short cuts.

    Raises Refused when a key cannot be read, or when two are the same: nginx would refuse them.
    """
    claimed: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, reference, key in _keys(clients, root):
        _claim(claimed, key, name, reference)
        names[name] = key
    return digest_lines(names)


def digest_lines(keys: Mapping[str, str]) -> str:
    """A line for each key by its name, and one more for each that was drawn: see drawn_keys.py.

    Of several that end alike one alone has a short cut; the others are as good without.
    """
    lines, ends = [], set[str]()
    for name, key in sorted(keys.items()):
        lines.append(f'"{hashlib.sha256(key.encode()).hexdigest()}" "{name}";\n')
        if is_drawn(key) and shown_signs(key) not in ends:
            ends.add(shown_signs(key))
            lines.append(short_cut(key, name))
    return "".join(lines)


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
