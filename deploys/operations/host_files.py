"""Small configuration files of root's on a host, by content."""

import hashlib
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from deploys.facts.files import FileDigests
from deploys.facts.once import once
from deploys.operations.host_script import SCRIPTS, run_script


def written(texts: dict[str, str], *, sudo: bool) -> Generator[StringCommand, None, bool]:
    """Has each file (absolute path -> text, no secret) on the host; whether one had to change."""
    there = once(host, FileDigests, paths=tuple(texts))
    stale = {path: text for path, text in texts.items() if there.get(path) != sha256(text)}
    if stale:
        words = [word for item in stale.items() for word in item]
        yield run_script(SCRIPTS / "write-files", *words, sudo=sudo)
    return bool(stale)


def sha256(text: str) -> str:
    """The digest by which files of this text are known."""
    return hashlib.sha256(text.encode()).hexdigest()
