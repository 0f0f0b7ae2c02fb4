"""Secrets in files of a host that one container alone may read."""

import hashlib
from collections.abc import Generator, Iterable
from pathlib import Path

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from deploys.facts.files import Owner
from deploys.facts.gateway import SecretDigest
from deploys.facts.once import once

# The uid that the containers of a gateway run as; the only one that may read these files.
GATEWAY_UID = 10001


def written(folder: str, file: str, text: str, image: str) -> Generator[StringCommand, None, bool]:
    """Has the text in `folder`/`file`, with mode 0600; whether it had to change."""
    wanted = hashlib.sha256(text.encode()).hexdigest()
    if once(host, SecretDigest, folder=folder, file=file, image=image) == wanted:
        return False
    yield from placed(folder, file, text, image)
    return True


def placed(folder: str, file: str, text: str, image: str) -> Generator[StringCommand, None, None]:
    """Writes it, whatever was there, in one step for whoever reads it."""
    # Through standard input: no argument, no log line and no temporary file ever holds it.
    new = QuoteString(f"{folder}/{file}.new")
    yield StringCommand("umask 077; rm -f", new, "&& cat >", new, _stdin=text)
    yield owned(folder, f"{file}.new", image)
    yield StringCommand("mv -fT", new, QuoteString(f"{folder}/{file}"))


def own_folders(paths: Iterable[str], image: str) -> Generator[StringCommand, None, bool]:
    """Has folders for that uid alone; whether one had to be made."""
    missing = [path for path in paths if once(host, Owner, path=path) != GATEWAY_UID]
    for path in missing:
        yield StringCommand("mkdir -p -m 700", QuoteString(path))
        yield owned(str(Path(path).parent), Path(path).name, image)
    return bool(missing)


def owned(folder: str, file: str, image: str) -> StringCommand:
    """The command that gives what lies in a folder (`.`: the folder itself) to that uid."""
    owner = f"{GATEWAY_UID}:{GATEWAY_UID}"
    return StringCommand(
        'if [ "$(id -u)" = 0 ]; then chown', owner, QuoteString(f"{folder}/{file}"),
        # Whoever may use Docker without being root gives the file away through a container.
        "; else docker run --rm --network none --user 0 --cap-drop ALL --cap-add CHOWN --volume",
        QuoteString(f"{folder}:/folder"), "--entrypoint chown", QuoteString(image), owner,
        QuoteString(f"/folder/{file}"), "; fi",
    )  # fmt: skip
