"""Which replica answered, and which ones the gateway asks nothing of on purpose."""

from collections.abc import Iterator, Mapping

from checks.fleet import Fleet
from checks.probes import gateway as probe
from checks.probes.gateway import Answer
from checks.verdict import require
from deploys.history.words import DRAINED_BY_OPERATOR, DRAINED_BY_RUN, DRAINED_BY_WATCH
from deploys.settings.words import stand_in_of, stands_in_for


def replicas_by_address(fleet: Fleet) -> dict[str, str]:
    """What the header can say -> replica: an address on Docker's network, or ADDRESS:PORT.

    A stand-in that a run has left serving answers for its replica.
    """
    endpoints = {
        endpoint: stands_in_for(name) or name
        for one in fleet.committed.values()
        if one.release.gateway is not None
        for endpoint, name in one.release.gateway.engines.items()
    }
    return {**dict(_addresses(fleet)), **endpoints}


def answering_replica(answer: Answer, replicas: Mapping[str, str]) -> str:
    """Name of the replica that an answer's header says, of `replicas` by address."""
    found, address = replica_at(answer.replica, replicas), _host_of(answer.replica)
    remedy = "homeport apply loads the committed gateway; the header names the engine's address"
    require(found or address, f"the answer has no {probe.REPLICA_HEADER} header", remedy)
    known = f"{probe.REPLICA_HEADER}: {address} is no replica of this environment"
    require(found, known, remedy)
    return found


def replica_at(told: str, replicas: Mapping[str, str]) -> str:
    """Name of the replica that a header's ADDRESS:PORT means; empty: none of `replicas`."""
    return replicas.get(told) or replicas.get(_host_of(told), "")


def _host_of(told: str) -> str:
    return told.rpartition(":")[0].strip("[]")


def drained_on_purpose(marks: Mapping[str, str]) -> dict[str, str]:
    """Replica -> what person, or the watch, drained it and why, of a gateway's marks."""
    kinds = (DRAINED_BY_OPERATOR, DRAINED_BY_WATCH)
    return {
        replica: words
        for mark, words in marks.items()
        for replica, _, kind in [mark.rpartition(".")]
        if kind in kinds
    }


def silent_words(replica: str, marks: Mapping[str, str]) -> str:
    """The replica's name, and why nothing reaches it where a mark says so."""
    is_left = f"{replica}.{DRAINED_BY_RUN}" in marks
    return f"{replica} (left drained by an apply that died)" if is_left else replica


def _addresses(fleet: Fleet) -> Iterator[tuple[str, str]]:
    for replica in fleet.replicas:
        for container in fleet.live(replica.host).containers:
            if container.service in (replica.name, stand_in_of(replica.name)):
                yield from ((address, replica.name) for address in container.addresses)
