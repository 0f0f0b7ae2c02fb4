"""Which hosts, replicas and addresses a check is about, by the fixtures that it asks for."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from checks.committed import Committed, Replica
from checks.tiers import Tiered
from deploys.questions.engine_answers import PATHS, Kind


def hosts(
    committed: Sequence[Committed], fixtures: Collection[str], kinds: Collection[Kind] = ()
) -> dict[str, list[str]]:
    """Fixture -> the hosts for which a check gets it, each by itself.

    `kinds`: it is about models of these alone, and about gateways that have one.
    """
    gateways = [one for one in committed if one.release.gateway is not None]
    found = {
        "deployed": committed,
        "gateway": [
            one
            for one in gateways
            if (_has_tls(one) or "tls" not in fixtures)
            and (_has_candidates(one) or "shares" not in fixtures)
            and (not kinds or _serves(one, kinds))
        ],
        "clients": gateways,
        "watched": [one for one in committed if one.release.watch is not None],
        "kept": gateways,
        "examined": [one for one in committed if _uses_gpus(one)],
        "monitor": [one for one in committed if one.release.monitors is not None],
        "store": [one for one in committed if one.release.retrieval is not None],
        "cloudy": [one for one in gateways if _has_egress(one)],
    }
    return {
        fixture: [one.host.name for one in of_it]
        for fixture, of_it in found.items()
        if fixture in fixtures
    }


def host_of(parameters: Mapping[str, object]) -> str:
    """The host that a check is about, by what its fixtures were parametrized with; or nothing."""
    one = parameters.get("replica", parameters.get("limited"))
    if isinstance(one, Replica | Tiered):
        return one.host
    return next((str(parameters[one]) for one in hosts((), parameters)), "")


def shared_addresses(committed: Iterable[Committed]) -> list[str]:
    """ADDRESS:PORT that several gateways have together; each once."""
    return sorted({one.release.gateway.shared for one in committed if one.release.gateway} - {""})


def replicas(committed: Sequence[Committed], *, bounded: bool) -> list[Replica]:
    """Every replica, or those of which the plan knows how fast they can be at most."""
    found = [replica for one in committed for replica in one.replicas]
    return [replica for replica in found if not bounded or _has_bound(replica, committed)]


def _uses_gpus(committed: Committed) -> bool:
    hardware = committed.release.hardware
    return hardware is not None and bool(hardware.gpus)


def _has_tls(committed: Committed) -> bool:
    gateway = committed.release.gateway
    return gateway is not None and gateway.tls is not None


def _has_candidates(committed: Committed) -> bool:
    gateway = committed.release.gateway
    return gateway is not None and bool(gateway.canaries)


def _serves(committed: Committed, kinds: Collection[Kind]) -> bool:
    gateway = committed.release.gateway
    paths = gateway.paths.values() if gateway is not None else ()
    return any(path.endswith(PATHS[kind]) for path in paths for kind in kinds)


def _has_egress(committed: Committed) -> bool:
    gateway = committed.release.gateway
    return gateway is not None and gateway.egress is not None


def _has_bound(replica: Replica, committed: Iterable[Committed]) -> bool:
    """Whether the plan knows how fast a replica can be at most."""
    return any(
        one.host.name == replica.host and planned.name == replica.name and planned.speed is not None
        for one in committed
        for planned in one.release.replicas
    )
