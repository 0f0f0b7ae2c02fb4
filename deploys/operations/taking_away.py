"""A replica, or its stand-in, taken out of the pools: to be replaced, or for good."""

from contextlib import suppress

from deploys.history.words import SERVES
from deploys.operations import replacing
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed, connected_again
from deploys.operations.replacing import Container
from deploys.operations.replica_turn import Replica, Stopped
from deploys.operations.streams import open_door
from deploys.settings.words import stands_behind, stands_in_for

# For what the release does not have any more, and so says nothing about: the settings' defaults.
REMOVED_DRAIN_SECONDS = 600


def drained(replica: Replica, old: Container, limit_seconds: int) -> int:
    """Drains it; how many answers it still gives at the limit. Raises Stopped, and it serves."""
    try:
        return replica.drain(old, limit_seconds)
    except CommandFailed as failure:
        _put_back(replica, old)
        raise Stopped(
            f"error: {replica.service} could not be drained and was not touched: {failure}"
        ) from failure


def _put_back(replica: Replica, old: Container) -> None:
    """Lets requests in again; over a new connection where a lost one has ended the drain."""
    hosts = [replica.service.host, *(gateway.host for gateway in replica.gateways)]
    for one in hosts:
        with suppress(CommandFailed):
            connected_again(one)
    open_door(replica.service.host, old.id, old.listens)
    for gateway in replica.gateways:
        _attempt_restore(replica, gateway)


def _attempt_restore(replica: Replica, gateway: Gateway) -> None:
    try:
        gateway.change(replica.back)
    except CommandFailed:
        replica.tell(f"may be drained at {gateway.host.name}: the next apply restores it")


def take_away(replica: Replica, limit_seconds: int = REMOVED_DRAIN_SECONDS) -> None:
    """Drains what may be serving and removes it; raises Stopped."""
    is_stand_in = bool(stands_in_for(replica.service.name))
    old = replacing.container_of(replica.service)
    if (is_stand_in and not replica.is_marked(SERVES)) or stands_behind(replica.service.name):
        old = None
    left = drained(replica, old, limit_seconds) if old is not None else 0
    since = replica.moments() if left else ()
    try:
        for gateway in replica.gateways if is_stand_in else ():
            # With a limit of 0 nothing has taken it out so far.
            gateway.change(replica.out)
        was_there = replacing.removed(replica.service)
    except CommandFailed as failure:
        raise Stopped(f"error: {replica.service} could not be removed: {failure}") from failure
    if old is not None and old.listens:
        open_door(replica.service.host, old.id, old.listens)
    if since and old is not None:
        replica.tell_cut(old, since)
    if was_there:
        # Not restored: where the gateways' running configuration has it still, nothing is there.
        replica.tell("removed")
