"""One step of a rollout: drain, wait, replace, prove, restore; or put the old one back."""

import time
from collections.abc import Sequence

from deploys.history.words import DRAINED_BY_RUN, ROLLED_BACK
from deploys.operations import replacing
from deploys.operations.gateways import Gateway
from deploys.operations.other_host import CommandFailed
from deploys.operations.replacing import Container, Service
from deploys.operations.replica_turn import Replica
from deploys.operations.service_changes import Step
from deploys.operations.streams import open_door
from deploys.render.release import ReplicaRollout

# For what the release does not have any more, and so says nothing about: the settings' defaults.
REMOVED_DRAIN_SECONDS = 600


class Stopped(Exception):
    """A step failed; the words say why, what serves now, and what to look at."""


def take(step: Step, service: Service, gateways: Sequence[Gateway]) -> None:
    """Takes one step; raises Stopped."""
    replica = Replica(service, gateways)
    actions = {"replace": _replace, "remove": _remove, "start": _start, "prove": _prove}
    actions[step.kind](replica)


def _words(replica: Replica) -> ReplicaRollout:
    words = replica.service.words
    if words is None:
        raise Stopped(f"error: {replica.service}: its release says nothing about it")
    return words


def _replace(replica: Replica) -> None:
    service, words = replica.service, _words(replica)
    old = replacing.container_of(service)
    if old is None:
        _start(replica)
        return
    file = replacing.old_file(service, old.config)
    left = _drained(replica, old, words.drain_seconds)
    began = time.monotonic()
    try:
        container = replacing.brought(service, service.new_file)
        if left:
            replica.tell_cut(old, began)
        replacing.prove(service, container, words.model, words.steady_seconds)
    except CommandFailed as failure:
        _go_back(replica, words, file, failure)
    new = replacing.container_of(service)
    if new is not None and new.ports != old.ports:
        # The gateways' running configuration knows the old address alone.
        replica.tell("has another address: it serves once the gateways have their new release")
        return
    _restored(replica)
    replica.tell("replaced, and answers right")


def _drained(replica: Replica, old: Container, limit_seconds: int) -> int:
    try:
        return replica.drain(old, limit_seconds)
    except CommandFailed as failure:
        open_door(replica.service.host, old.id)
        for gateway in replica.gateways:
            _attempt_restore(replica, gateway)
        raise Stopped(
            f"error: {replica.service} could not be drained and was not touched: {failure}"
        ) from failure


def _attempt_restore(replica: Replica, gateway: Gateway) -> None:
    try:
        gateway.change(f"-{replica.service.name}.{DRAINED_BY_RUN}")
    except CommandFailed:
        replica.tell(f"may be drained at {gateway.host.name}: the next apply restores it")


def _restored(replica: Replica) -> None:
    try:
        replica.restore()
    except CommandFailed as failure:
        raise Stopped(
            f"error: {replica.service} is right but could not be restored: {failure}\n"
            "hint: mend the gateway; the next apply restores it"
        ) from failure


def _go_back(replica: Replica, words: ReplicaRollout, file: str, failure: CommandFailed) -> None:
    service = replica.service
    log = f"its log: {service.host.name}:{service.log}"
    replica.tell(f"failed: {_reason(failure)}")
    if not file:
        raise Stopped(
            f"error: {service}: {_reason(failure)}\n{log}\n"
            "hint: no release on the host has what ran before: it stays drained until an apply "
            "succeeds"
        )
    try:
        model = replacing.old_model(service, file, words.model)
        container = replacing.brought(service, file, "--force-recreate")
        replacing.prove(service, container, model, words.steady_seconds)
        replica.restore()
    except CommandFailed as second:
        raise Stopped(
            f"error: {service}: {_reason(failure)}; the old release does not serve either: "
            f"{_reason(second)}\n{log}\nhint: it stays drained until an apply succeeds"
        ) from failure
    old = file.split("/")[1]
    raise Stopped(
        f"error: {service}: {_reason(failure)}; it {ROLLED_BACK} {old} and serves again, "
        f"all that came after it is untouched\n{log}\n"
        "hint: the log says why; render a release that works and apply again"
    ) from failure


def _reason(failure: CommandFailed) -> str:
    """The error's own line; what Compose says around it is progress."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines or ["it failed without a word"])[-1]


def _remove(replica: Replica) -> None:
    old = replacing.container_of(replica.service)
    if old is None:
        return
    left = _drained(replica, old, REMOVED_DRAIN_SECONDS)
    began = time.monotonic()
    try:
        replacing.removed(replica.service, old.id)
    except CommandFailed as failure:
        raise Stopped(f"error: {replica.service} could not be removed: {failure}") from failure
    if left:
        replica.tell_cut(old, began)
    # Not restored: the gateways' running configuration has it still, and nothing is there.
    replica.tell("removed")


def _start(replica: Replica) -> None:
    words = _words(replica)
    try:
        container = replacing.brought(replica.service, replica.service.new_file)
        replacing.prove(replica.service, container, words.model, words.steady_seconds)
    except CommandFailed as failure:
        log = f"{replica.service.host.name}:{replica.service.log}"
        raise Stopped(f"error: {replica.service}: {_reason(failure)}\nits log: {log}") from failure
    _restored(replica)
    replica.tell("started, and answers right")


def _prove(replica: Replica) -> None:
    """What a run that was killed has drained, and perhaps replaced."""
    words = _words(replica)
    found = replacing.container_of(replica.service)
    if found is None:
        _start(replica)
        return
    open_door(replica.service.host, found.id)
    try:
        replacing.prove(replica.service, found.id, words.model, words.steady_seconds)
    except CommandFailed as failure:
        log = f"{replica.service.host.name}:{replica.service.log}"
        raise Stopped(
            f"error: {replica.service} was left drained by a run that died, and is not right: "
            f"{_reason(failure)}\nits log: {log}"
        ) from failure
    _restored(replica)
    replica.tell("was left drained by a run that died; it answers right and is restored")
