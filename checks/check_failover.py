"""When a replica dies the others answer, and it is back by itself: tried on one of each pool."""

from collections.abc import Callable, Sequence

import pytest

from checks.asking import Model, ask, models
from checks.causes import Causes
from checks.committed import Replica
from checks.failover import Death, Place, tried
from checks.fleet import Fleet
from checks.held_fleet import held
from checks.probes import deaths
from checks.probes.gateway import Gateway
from checks.replica_addresses import drained_on_purpose, replica_at, replicas_by_address
from checks.results import NOTE
from checks.steady_requests import steady_requests
from checks.verdict import fail, none_of, require

GATEWAY = "`docker logs` of the gateway says whom it tried; homeport apply loads what is committed"
ENGINE = "`docker logs` of its container; `docker inspect` shows its restart policy"


@pytest.mark.disruptive(last=True)
def check_the_others_answer_when_a_replica_dies(
    pool: str,
    gateways: Sequence[Gateway],
    fleet: Fleet,
    causes: Causes,
    record_property: Callable[[str, object], None],
) -> None:
    """Requests that begin after its death are answered; those under way there may be lost.

    Only with --disruptive: one process is killed. Docker brings it back, whatever becomes of this
    check, and where it does not this check does.
    """
    replicas = _able(pool, gateways, fleet)
    asked = [(one, model) for one in gateways for model in _leading(one, pool, fleet)]
    if not asked:
        pytest.skip(f"no model of this client leads to {pool}")
    entered = tuple(one.host for one in gateways)
    hosts = sorted({*entered, *(one.host for one in replicas)})
    place = Place(fleet, replicas, entered)
    with (
        held(fleet, hosts, f"trial of failover of {pool}"),
        steady_requests(asked) as requests,
    ):
        death = tried(place, requests)
    _judge(death, causes)
    record_property(NOTE, str(death))


def _judge(death: Death, causes: Causes) -> None:
    """What clients have lost comes first."""
    name, host, container = death.replica.name, death.replica.host, death.container
    lost = [f"{one.gateway}: {one.status or 'no answer'}: {one.said}" for one in death.failed]
    none_of(sorted(set(lost)), f"{len(lost)} requests that began after {name} died", GATEWAY)
    answered = death.others or not death.meanwhile
    require(answered, f"no other replica has answered while {name} was dead", GATEWAY)
    if not death.is_back:
        found = f"{name} is not healthy again {death.seconds:.0f} s after its process was killed"
        fail(found, ENGINE, causes(host, [container]))
    none_of(death.silent, f"{name} is healthy again and gets no request from", GATEWAY)


def _leading(gateway: Gateway, pool: str, fleet: Fleet) -> list[Model]:
    """The first model whose answer comes from a replica of the pool."""
    pools = {one.name: one.pool for one in fleet.replicas}
    names = replicas_by_address(fleet)
    for model in models(gateway, fleet):
        if pools.get(replica_at(ask(gateway, model).replica, names)) == pool:
            return [model]
    return []


def _able(pool: str, gateways: Sequence[Gateway], fleet: Fleet) -> list[Replica]:
    """Those of a pool that can take over; skips the check where there are not two."""
    found = [one for one in fleet.replicas if one.pool == pool]
    if len(found) < 2:
        pytest.skip(f"{pool} has one replica: its death is an outage; `replicas` says how many")
    drained = {
        name for one in gateways for name in drained_on_purpose(fleet.live(one.host).drained)
    }
    serving = []
    for one in found:
        committed = fleet.committed[one.host]
        container = fleet.live(one.host).engines(committed.release).get(one.name)
        serves = container is not None and deaths.look(committed.host, container.id).serves
        serving += [one] * (serves and one.name not in drained)
    if len(serving) < 2:
        names = ", ".join(one.name for one in serving) or "none"
        pytest.skip(f"of {pool} {names} alone is healthy and not drained: nothing may be broken")
    return serving
