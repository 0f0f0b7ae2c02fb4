"""What the egress hop needs on its host before it starts: the provider's key, and a record."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from deploys.facts.files import Owner
from deploys.operations import secret_file
from deploys.operations.controller_secrets import revealed
from deploys.operations.secret_file import GATEWAY_UID

Commands = Generator[StringCommand, None, None]


@operation()
def prepared(directory: str, key: str, image: str) -> Commands:
    """
    Put the provider's key where the egress hop alone reads it, and make the place of its record.

    + directory: where the kit keeps its files
    + key: reference to the provider's key
    + image: the gateway's image
    """
    secrets, state = f"{directory}/secrets/egress", f"{directory}/state/egress"
    text = yield from revealed(key)
    if not text:
        return
    missing = host.get_fact(Owner, path=state) != GATEWAY_UID
    if missing:
        yield StringCommand("mkdir -p", QuoteString(secrets), QuoteString(state))
        yield StringCommand("chmod 700", QuoteString(state))
        yield secret_file.owned(state, ".", image)
    # With a line's end: what goes through standard input gets one anyway.
    changed = yield from secret_file.written(secrets, "provider.key", f"{text}\n", image)
    if not changed and not missing:
        host.noop("the egress hop has its key")
