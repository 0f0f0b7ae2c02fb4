"""The containers of one replica on several hosts: made anew together, and none without the others.

A rank that meets one of another release could do anything; so all end before the first begins.
"""

import time
from collections.abc import Sequence

from pyinfra.api import QuoteString, StringCommand

from deploys.operations import replacing
from deploys.operations.engine_services import READY_SECONDS
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.other_host import CommandFailed, run
from deploys.operations.replacing import Service
from deploys.operations.streams import HOSTS_OWN, open_door

_POLL_SECONDS = 2.0


def brought(service: Service, files: Sequence[str]) -> str:
    """Has each rank run as its own Compose file says (empty: it does not run), rank 0 healthy; the
    id of rank 0's container. Raises CommandFailed; the log of who has failed is kept.
    """
    everywhere = service.everywhere
    for one in everywhere:
        replacing.removed(one)
    if service.behind:
        # Its door is the host's own, and has not gone with the container that was drained.
        open_door(service.host, HOSTS_OWN, replacing.rendered_listener(service, files[0]))
    pairs = [(one, file) for one, file in zip(everywhere, files, strict=True) if file]
    # Rank 0 last: it is the one that is waited for.
    begun = [(one, _begun(one, file)) for one, file in reversed(pairs)]
    return _met(service, begun)


def _begun(one: Service, file: str) -> str:
    words = (one.directory, file, one.project, one.name, one.log)
    return run(one.host, run_script(SCRIPTS / "begin-rank", *words)).split()[-1]


def _met(service: Service, begun: Sequence[tuple[Service, str]]) -> str:
    """Waits until rank 0, the last that began, is healthy; ends as soon as any of them has."""
    _, first = begun[-1]
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        state = ""
        for one, container in begun:
            state = _state(one, container)
            if not state.startswith("running 0") or state.endswith("unhealthy"):
                _keep_log(one, container)
                _keep_log(service, first)
                raise CommandFailed(f"{one} ended while the group started ({state})")
        if state in ("running 0 healthy", "running 0"):
            return first
        time.sleep(_POLL_SECONDS)
    _keep_log(service, first)
    raise CommandFailed(f"it was not healthy after {READY_SECONDS} s")


def _state(one: Service, container: str) -> str:
    shown = (
        "{{.State.Status}} {{.RestartCount}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
    )
    command = StringCommand("docker inspect --format", QuoteString(shown), QuoteString(container))
    return run(one.host, command).strip()


def _keep_log(one: Service, container: str) -> None:
    """Where a replica's log is looked for; that of a rank behind it lies on its own host."""
    command = StringCommand(
        "mkdir --parents", QuoteString(f"{one.directory}/failed"), "&& docker logs",
        QuoteString(container), ">", QuoteString(one.log), "2>&1 || true",
    )  # fmt: skip
    run(one.host, command)
