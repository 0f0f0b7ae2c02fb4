"""What nginx includes for drained replicas, and marks that come and go outside of a rollout."""

import json
from collections.abc import Generator

from pyinfra import host, inventory
from pyinfra.api import StringCommand, operation

from deploys.facts.gateway import Drains
from deploys.facts.once import once
from deploys.history.holder import who
from deploys.history.words import DRAINED_BY_OPERATOR, DRAINED_BY_RUN, DRAINED_BY_WATCH, SERVES
from deploys.operations.gateways import names, reload, set_drains
from deploys.operations.manifest import this_release
from deploys.settings.words import stands_in_for

Commands = Generator[StringCommand, None, None]

# Marks (NAME.KIND) by gateway, as this run has found them: see engine_services.
_SEEN: dict[str, tuple[str, ...]] = {}


def marks_seen() -> list[str]:
    """Every mark on the gateways of this run, once."""
    return sorted({mark for marks in _SEEN.values() for mark in marks})


@operation()
def included(directory: str, pools: str) -> Commands:
    """
    Have what nginx includes for the pools of a release: all of them, less what is drained.

    + directory: where the kit keeps its files
    + pools: digest of the staged release's pools.conf
    """
    found = once(host, Drains, directory=directory)
    _SEEN[host.name] = tuple(found.get("marks", ()))
    if pools in found.get("pools", ()):
        host.noop("nginx's pools are there")
        return
    yield set_drains(directory)


@operation()
def finished(directory: str) -> Commands:
    """
    Forget what a rollout has drained and what stood in, now that it is over.

    + directory: where the kit keeps its files

    A replica on a host that this run leaves out stays as it is: nobody has proved it.
    """
    marks = list(once(host, Drains, directory=directory).get("marks", ()))
    left = names(marks, DRAINED_BY_RUN)
    stand_ins = names(marks, SERVES)
    outside = {
        replica.name
        for one in (set(inventory) - set(inventory.get_active_hosts()) if marks else ())
        for replica in this_release(one).rollouts
    }
    done = [f"-{name}.{DRAINED_BY_RUN}" for name in left if name not in outside]
    # Its container was removed by hand, or it would have had its turn in the rollout.
    done += [f"-{name}.{SERVES}" for name in stand_ins if stands_in_for(name) not in outside]
    if not done:
        host.noop("no rollout has left anything drained")
        return
    yield set_drains(directory, *done)


@operation()
def drained(directory: str, project: str, replica: str, reason: str) -> Commands:
    """
    Have the gateway send nothing more to a replica; its running answers go on.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    + replica: its name
    + reason: why, for whoever finds it
    """
    if f"{replica}.{DRAINED_BY_OPERATOR}" in host.get_fact(Drains, directory=directory).get(
        "marks", ()
    ):
        host.noop(f"{replica} is drained")
        return
    text = json.dumps({"who": who(), "reason": reason})
    yield set_drains(directory, f"+{replica}.{DRAINED_BY_OPERATOR}", text=text)
    yield reload(directory, project)


@operation()
def undrained(directory: str, project: str, replica: str) -> Commands:
    """
    Have the gateway send requests to a replica again that somebody, or the watch, has drained.

    + directory: where the kit keeps its files
    + project: Compose project of the gateway
    + replica: its name

    What a rollout has drained stays so: it ends that itself, and the next apply does it for one
    that was killed.
    """
    marks = host.get_fact(Drains, directory=directory).get("marks", ())
    wanted = (f"{replica}.{DRAINED_BY_OPERATOR}", f"{replica}.{DRAINED_BY_WATCH}")
    found = [mark for mark in wanted if mark in marks]
    if not found:
        host.noop(f"nobody has drained {replica}")
        return
    yield set_drains(directory, *(f"-{mark}" for mark in found))
    yield reload(directory, project)
