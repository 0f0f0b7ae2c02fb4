"""The rolling update of a fleet: one replica after the other, and an end at the first failure.

One function on one host does it all, because pyinfra's own order cannot: what runs on the GPU hosts
goes between what runs on the gateways, and a failure must leave the rest as it is.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress

from pyinfra import host, inventory, logger
from pyinfra.api import FunctionCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from deploys.facts.gateway import Drains
from deploys.facts.once import once
from deploys.history.words import DRAINED_BY_RUN, ROLLOUT, SERVES
from deploys.operations.draining import marks_seen
from deploys.operations.engine_services import changes_of
from deploys.operations.gateways import all_gateways, names
from deploys.operations.limited_run import lock_also
from deploys.operations.manifest import host_directory, this_release, this_run
from deploys.operations.one_replica import take
from deploys.operations.other_host import CommandFailed, run
from deploys.operations.release_links import linked
from deploys.operations.replacing import Service
from deploys.operations.replica_turn import Stopped
from deploys.operations.run_lock import is_first
from deploys.operations.service_changes import Changes, Step, rollout_steps
from deploys.render.release import ReplicaRollout
from deploys.settings.inventory import host_name
from deploys.settings.words import stands_in_for


@operation()
def rolled() -> Generator[FunctionCommand, None, None]:
    """Replace what has another configuration, over the whole fleet, one replica after the other."""
    if not host.state.is_executing:
        found = changes_of(host)
        for line in (*_outlook(found), *_unknown_stand_ins()):
            host.log(f"{ROLLOUT} {line}")
        if found.rolls:
            yield FunctionCommand(_roll, ([],), {})
        else:
            host.noop("no running replica has to change")
        return
    steps = _steps() if is_first(host) else []
    if not steps:
        host.noop("no running replica has to change")
        return
    yield FunctionCommand(_roll, (steps,), {})


def _steps() -> list[Step]:
    hosts = _active_hosts()
    by_host = {name: changes_of(one) for name, one in hosts.items()}
    marks = _marks(by_host)
    left = names(marks, DRAINED_BY_RUN)
    # Only then: reading the manifests of a large fleet takes its time.
    homes = {
        replica.name: name
        for name, one in (hosts.items() if left else ())
        for replica in this_release(one).rollouts
    }
    drained = [(homes[name], name) for name in left if name in homes]
    return rollout_steps(by_host, drained, names(marks, SERVES), _groups(hosts, by_host))


def _groups(hosts: Mapping[str, Host], by_host: Mapping[str, Changes]) -> list[tuple[str, str]]:
    """First ranks of the groups of which some part does not run as rendered."""
    return [
        (name, one.name)
        for name, found in by_host.items()
        if any(other.joined for other in by_host.values())
        for one in this_release(hosts[name]).rollouts
        if one.behind and _changes(one, name, by_host)
    ]


def _changes(group: ReplicaRollout, host_name: str, by_host: Mapping[str, Changes]) -> bool:
    parts = [(host_name, group.name), *((one.host, one.service) for one in group.behind)]
    return any(service in by_host[place].joined for place, service in parts if place in by_host)


def _service(hosts: Mapping[str, Host], step: Step) -> Service:
    """With those behind it, of which all hosts are in this run (preflight.py)."""
    words = Service(hosts[step.host], step.service).words
    behind = words.behind if words is not None else ()
    return Service(
        hosts[step.host],
        step.service,
        tuple(Service(hosts[one.host], one.service) for one in behind),
    )


def _marks(by_host: Mapping[str, Changes]) -> list[str]:
    """On the gateways of this run; where a run has left a stand-in, on those outside `--limit` too,
    for whether that one serves decides what comes first.
    """
    if any(stands_in_for(name) for one in by_host.values() for name in one.remove):
        # One that cannot be reached ends the rollout, before its first step and with its words.
        with suppress(CommandFailed):
            return sorted({mark for gateway in all_gateways() for mark in gateway.marks()})
    return marks_seen()


def _active_hosts() -> dict[str, Host]:
    """The hosts of this run by name, `--limit` respected."""
    return {host_name(one.name): one for one in inventory.get_active_hosts()}


def _outlook(found: Changes) -> Iterator[str]:
    words = {one.name: one for one in this_release(host).rollouts}
    here = host_name(host.name)
    for name in found.replace:
        one = words[name]
        yield f"{name} on {here}: would be replaced by {one.strategy}: {one.reason}"
    for name in found.joined:
        yield f"{name} on {here}: would be replaced with all of its group"
    for name in found.remove:
        yield f"{name} on {here}: would be drained and removed"


def _unknown_stand_ins() -> Iterator[str]:
    """What a gateway that runs has to be told of first, for a replica to be replaced by surge."""
    released = this_release(host).gateway
    if released is None or not released.stand_ins:
        return
    found = once(host, Drains, directory=host_directory(host))
    known = found.get("stand_ins", {})
    new = [name for name, address in released.stand_ins.items() if known.get(name) != address]
    if new and found.get("pools"):
        here = host_name(host.name)
        first = f"`homeport apply {this_release(host).environment} --limit {here}` first"
        yield (
            f"{here} does not know {', '.join(sorted(new))} yet: this run replaces without "
            f"stand-ins, unless {first} brings them"
        )


def _roll(state: State, host: Host, steps: Sequence[Step]) -> bool:
    """The whole sequence; False, after its reasons, when a step failed.

    pyinfra hands over `state` and `host` because they are called so, and then takes False for a
    failure without a traceback.
    """
    hosts = _active_hosts()
    try:
        gateways = all_gateways()
        for gateway in gateways:
            lock_also(gateway, host)
        up = [gateway for gateway in gateways if gateway.is_up()]
        for number, step in enumerate(steps):
            service = _service(hosts, step)
            take(step, service, up)
            later = {one.host for one in steps[number + 1 :]}
            for one in service.everywhere:
                if host_name(one.host.name) not in later:
                    _switched(one.host)
    except (Stopped, CommandFailed) as failure:
        for line in str(failure).splitlines():
            host.log(line, logger.error)
        return False
    return True


def _switched(one: Host) -> None:
    """What runs on a host is the new release now, whatever becomes of the other hosts."""
    command = linked(host_directory(one), "current", f"releases/{this_run(one).release.release}")
    run(one, command)
