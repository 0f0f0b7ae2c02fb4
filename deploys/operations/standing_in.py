"""Replacing by surge: a stand-in serves from before a replica is drained until it is back.

The stand-in is the new release's own service of the Compose profile `surge`, proved like any new
replica before a gateway sends it a request. Whatever ends a run on the way, one of the two serves:
the gateways hear of the stand-in before they drain the replica, and forget it after it is back.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from deploys.history.words import DRAINED_BY_OPERATOR, DRAINED_BY_RUN, SERVES, UNTOUCHED
from deploys.operations import replacing
from deploys.operations.engine_causes import log_and_causes
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Service
from deploys.operations.replica_turn import NothingServes, Replica, Stopped
from deploys.operations.streams import open_door
from deploys.operations.taking_away import take_away
from deploys.render.release import ReplicaRollout, StandIn
from deploys.settings.words import stand_in_of

ENGINE_PORT = 8080


@contextmanager
def standing_in(replica: Replica, words: ReplicaRollout) -> Iterator[None]:
    """Has the replica's stand-in serve while the block replaces it, where there is to be one.

    Raises Stopped, with the replica as it was, when the stand-in does not become right.
    """
    stand_in = Replica(Service(replica.service.host, stand_in_of(words.name)), replica.gateways)
    if not (_carries_on(stand_in, words) or _begins(replica, stand_in, words)):
        yield
        return
    try:
        yield
    except NothingServes:
        stand_in.tell(f"goes on serving in place of {words.name}, until an apply succeeds")
        raise
    except Stopped:
        take_away(stand_in, words.drain_seconds)
        raise
    take_away(stand_in, words.drain_seconds)


def _carries_on(stand_in: Replica, words: ReplicaRollout) -> bool:
    """Whether a run that died has left the stand-in serving, and it still answers right."""
    container = replacing.container_of(stand_in.service)
    if container is None or not stand_in.is_marked(SERVES):
        return False
    open_door(stand_in.service.host, container.id)
    try:
        replacing.prove(stand_in.service, container.id, replacing.served_by(words), 0)
        _let_in(stand_in)
    except CommandFailed:
        return False
    stand_in.tell("was left serving by a run that died; it answers right and goes on")
    return True


def _begins(replica: Replica, stand_in: Replica, words: ReplicaRollout) -> bool:
    """Whether a new stand-in serves now; False, after the reason, where there can be none."""
    if words.stand_in is None or not replica.gateways:
        return False
    why_not = _why_not(replica, words.stand_in)
    if why_not:
        replica.tell(f"replaced without a stand-in: {why_not}")
        return False
    service = stand_in.service
    try:
        _serves_meanwhile(replica)
        for gateway in replica.gateways:
            gateway.change(stand_in.out)
        stand_in.tell("starts")
        container = replacing.brought(service, service.new_file, "--force-recreate")
        replacing.prove(service, container, replacing.served_by(words), words.steady_seconds)
        _let_in(stand_in)
    except CommandFailed as failure:
        log = log_and_causes(service.host, service.log, words.pool, failure)
        raise _never_drained(replica, stand_in, failure, log) from failure
    stand_in.tell(f"stands in for {words.name}, and answers right")
    return True


def _why_not(replica: Replica, planned: StandIn) -> str:
    if replica.is_marked(DRAINED_BY_OPERATOR):
        return "an operator has drained the replica"
    unknown = [str(one.host.name) for one in replica.gateways if not _is_known(one, planned)]
    return f"{', '.join(unknown)} will know it when this run ends" if unknown else ""


def _is_known(gateway: Gateway, planned: StandIn) -> bool:
    """Whether nginx would reach it: on the gateway's own host by name, elsewhere by address."""
    known = gateway.stand_ins().get(planned.service)
    return known in (f"{planned.service}:{ENGINE_PORT}", planned.endpoint)


def _serves_meanwhile(replica: Replica) -> None:
    """Restores a replica that a run has left drained, with no stand-in in its place."""
    container = replacing.container_of(replica.service)
    if container is not None and replica.is_marked(DRAINED_BY_RUN):
        open_door(replica.service.host, container.id)
        replica.restore()


def _let_in(stand_in: Replica) -> None:
    for gateway in stand_in.gateways:
        gateway.change(stand_in.back, surely=True)


def _never_drained(
    replica: Replica, stand_in: Replica, failure: CommandFailed, log: str
) -> Stopped:
    service = stand_in.service
    words = (
        f"error: {service}: {failure.reason}; {replica.service.name} {UNTOUCHED}, "
        f"all that came after it is untouched\n{log}\n"
        "hint: the log says why; render a release that works and apply again"
    )
    try:
        take_away(stand_in, 0)
    except Stopped as second:
        return Stopped(f"{words}\n{second}")
    return Stopped(words)
