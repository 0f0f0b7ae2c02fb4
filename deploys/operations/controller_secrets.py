"""Secrets on the controller: read once per run, refused before any host is touched."""

from collections.abc import Generator, Iterable, Iterator
from functools import cache
from pathlib import Path

from pyinfra.api import StringCommand

from deploys.operations.host_script import refusals
from deploys.settings.refusal import Refused
from deploys.settings.secrets import Secret, resolve


@cache
def secret(reference: str) -> Secret:
    """The command behind a reference may ask a person for a fingerprint: not once per host."""
    return resolve(reference, Path.cwd())


def revealed(reference: str | None) -> Generator[StringCommand, None, str]:
    """The value, empty without a reference; what cannot be read fails this host and no other."""
    try:
        return secret(reference).reveal() if reference is not None else ""
    except Refused as refused:
        yield from refusals(refused)
        return ""


def unreadable(references: Iterable[str | None]) -> Iterator[str]:
    """Error and hint for each secret that cannot be read here."""
    for reference in references:
        try:
            if reference is not None:
                secret(reference)
        except Refused as refused:
            yield str(refused)
