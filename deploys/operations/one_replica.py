"""One step of a rollout: drain, wait, replace, prove, restore; or put the old one back."""

from collections.abc import Sequence

from deploys.history.words import ROLLED_BACK
from deploys.operations import brought_together, replacing
from deploys.operations.engine_causes import log_and_causes
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Container, Service
from deploys.operations.replica_turn import NothingServes, Replica, Stopped
from deploys.operations.service_changes import Step
from deploys.operations.standing_in import standing_in
from deploys.operations.streams import open_door
from deploys.operations.taking_away import drained, take_away
from deploys.render.release import ReplicaRollout


def take(step: Step, service: Service, gateways: Sequence[Gateway]) -> None:
    """Takes one step; raises Stopped."""
    replica = Replica(service, gateways)
    actions = {"replace": _replace, "remove": take_away, "start": _start, "prove": _prove}
    actions[step.kind](replica)


def _words(replica: Replica) -> ReplicaRollout:
    words = replica.service.words
    if words is None:
        raise Stopped(f"error: {replica.service}: its release says nothing about it")
    return words


def _replace(replica: Replica) -> None:
    words = _words(replica)
    old = replacing.container_of(replica.service)
    if old is None:
        _start(replica)
        return
    with standing_in(replica, words):
        _replace_running(replica, words, old)


def _replace_running(replica: Replica, words: ReplicaRollout, old: Container) -> None:
    service = replica.service
    files = replacing.old_files(service, old.config)
    left = drained(replica, old, words.drain_seconds)
    since = replica.moments() if left else ()
    try:
        container = _brought(service, [one.new_file for one in service.everywhere])
        if since:
            replica.tell_cut(old, since)
        replacing.prove(service, container, replacing.served_by(words), words.steady_seconds)
    except CommandFailed as failure:
        if failure.is_loss:
            raise NothingServes(
                f"error: {service}: {failure.reason}; what it runs is not known\n"
                "hint: it stays drained until an apply succeeds"
            ) from failure
        _go_back(replica, words, files, failure)
    new = replacing.container_of(service)
    if new is not None and new.ports != old.ports:
        # The gateways' running configuration knows the old address alone.
        replica.tell("has another address: it serves once the gateways have their new release")
        return
    _restored(replica)
    replica.tell("replaced, and answers right")


def _restored(replica: Replica) -> None:
    try:
        replica.restore()
    except CommandFailed as failure:
        raise NothingServes(
            f"error: {replica.service} is right but could not be restored: {failure}\n"
            "hint: mend the gateway; the next apply restores it"
        ) from failure


def _brought(service: Service, files: Sequence[str], *options: str) -> str:
    """As Compose files say it, one for each of its hosts."""
    if service.behind:
        return brought_together.brought(service, files)
    return replacing.brought(service, files[0], *options)


def _go_back(
    replica: Replica, words: ReplicaRollout, files: Sequence[str], failure: CommandFailed
) -> None:
    service, file = replica.service, files[0]
    replica.tell(f"failed: {failure.reason}")
    log = _log_and_causes(replica, words, failure)
    if not file:
        raise NothingServes(
            f"error: {service}: {failure.reason}\n{log}\n"
            "hint: no release on the host has what ran before: it stays drained until an apply "
            "succeeds"
        )
    try:
        old_answers = replacing.old_served(service, file, replacing.served_by(words))
        container = _brought(service, files, "--force-recreate")
        replacing.prove(service, container, old_answers, words.steady_seconds)
        replica.restore()
    except CommandFailed as second:
        raise NothingServes(
            f"error: {service}: {failure.reason}; the old release does not serve either: "
            f"{second.reason}\n{log}\nhint: it stays drained until an apply succeeds"
        ) from failure
    old = file.split("/")[1]
    raise Stopped(
        f"error: {service}: {failure.reason}; it {ROLLED_BACK} {old} and serves again, "
        f"all that came after it is untouched\n{log}\n"
        "hint: the log says why; render a release that works and apply again"
    ) from failure


def _start(replica: Replica) -> None:
    words = _words(replica)
    try:
        files = [one.new_file for one in replica.service.everywhere]
        container = _brought(replica.service, files)
        replacing.prove(
            replica.service, container, replacing.served_by(words), words.steady_seconds
        )
    except CommandFailed as failure:
        log = _log_and_causes(replica, words, failure)
        raise Stopped(f"error: {replica.service}: {failure.reason}\n{log}") from failure
    _restored(replica)
    replica.tell("started, and answers right")


def _prove(replica: Replica) -> None:
    """What a run that was killed has drained, and perhaps replaced."""
    words = _words(replica)
    found = replacing.container_of(replica.service)
    if found is None:
        _start(replica)
        return
    open_door(replica.service.host, found.id, found.listens)
    try:
        replacing.prove(replica.service, found.id, replacing.served_by(words), words.steady_seconds)
    except CommandFailed as failure:
        log = _log_and_causes(replica, words, failure)
        raise Stopped(
            f"error: {replica.service} was left drained by a run that died, and is not right: "
            f"{failure.reason}\n{log}"
        ) from failure
    _restored(replica)
    replica.tell("was left drained by a run that died; it answers right and is restored")


def _log_and_causes(replica: Replica, words: ReplicaRollout, failure: CommandFailed) -> str:
    service = replica.service
    return log_and_causes(service.host, service.log, words.pool, failure)
