"""Whether what answered was the host that was asked for: a GPU's UUID is one card in the world."""

from collections.abc import Iterator, Mapping

from deploys.settings.hardware import HostHardware
from deploys.settings.refusal import Complaint

Hosts = Mapping[str, HostHardware]


def mistaken_hosts(file: str, before: Hosts, found: Hosts) -> list[Complaint]:
    """A complaint for each pair of hosts of which one seems to have answered for the other."""
    return [
        complaint
        for host in sorted(found)
        for other in sorted({*before, *found} - {host})
        for complaint in _mistaken(file, host, other, before, found)
    ]


def _mistaken(file: str, host: str, other: str, before: Hosts, found: Hosts) -> Iterator[Complaint]:
    here = _uuids(found, host)
    path = f"hosts.{host}"
    if other in found:
        shared = here & _uuids(found, other)
        if shared and host < other:
            words = f"{min(shared)} answers at {host} and at {other}: both lead to one machine"
            yield Complaint(file, path, words, "see `ssh_hostname` of both in the inventory")
        elif here and here == _uuids(before, other) and _uuids(before, host) - here:
            words = f"has all the GPUs that were those of {other}"
            hint = "see `ssh_hostname` of both; if they were renamed, remove both from the file"
            yield Complaint(file, path, words, hint)
    elif shared := here & _uuids(before, other):
        words = f"{min(shared)} stands at {other}, which was not asked or did not answer"
        hint = (
            f"if the card moved, survey both: --host {host} --host {other}; else see ssh_hostname"
        )
        yield Complaint(file, path, words, hint)


def _uuids(hosts: Hosts, host: str) -> set[str]:
    return {gpu.uuid for gpu in hosts[host].gpus} if host in hosts else set()
