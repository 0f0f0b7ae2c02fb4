"""Files of the gateway that nobody but its own uid may read."""

from collections.abc import Generator

from pyinfra.api import QuoteString, StringCommand

Commands = Generator[StringCommand, None, None]

# The uid that the gateway's container runs as; the only one that may read its secrets.
GATEWAY_UID = 10001


def placed(folder: str, file: str, text: str, image: str) -> Commands:
    """Puts a secret into a 0600 file of the gateway's uid, in one step for whoever reads it."""
    # Through standard input: no argument, no log line and no temporary file ever holds it.
    new = QuoteString(f"{folder}/{file}.new")
    yield StringCommand("umask 077; rm -f", new, "&& cat >", new, _stdin=text)
    yield owned(folder, f"{file}.new", image)
    yield StringCommand("mv -fT", new, QuoteString(f"{folder}/{file}"))


def owned(folder: str, file: str, image: str) -> StringCommand:
    """The command that gives a file below `folder`, or `.`, to the gateway's uid."""
    owner = f"{GATEWAY_UID}:{GATEWAY_UID}"
    return StringCommand(
        'if [ "$(id -u)" = 0 ]; then chown', owner, QuoteString(f"{folder}/{file}"),
        # Whoever may use Docker without being root gives the file away through a container.
        "; else docker run --rm --network none --user 0 --cap-drop ALL --cap-add CHOWN --volume",
        QuoteString(f"{folder}:/folder"), "--entrypoint chown", QuoteString(image), owner,
        QuoteString(f"/folder/{file}"), "; fi",
    )  # fmt: skip
