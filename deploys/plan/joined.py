"""Replicas on several hosts: their containers, by rank."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

from deploys.plan.group import Group, Member
from deploys.plan.plan import Replica
from deploys.settings.environment import Host
from deploys.settings.words import member_of


def joined(ranks: Sequence[Replica], hosts: Mapping[str, Host], taken: Counter[str]) -> Replica:
    """Rank 0, with all others behind it; `taken` counts the groups that meet at each host."""
    first = ranks[0]
    members = tuple(
        Member(one.host, member_of(first.name, rank), hosts[one.host].words.address or "")
        for rank, one in enumerate(ranks)
    )
    port = hosts[first.host].words.master_port + taken[first.host]
    taken[first.host] += 1
    grouped = [
        dataclasses.replace(
            one,
            name=members[rank].service,
            group=Group(rank, members, port, hosts[one.host].words.interface or ""),
        )
        for rank, one in enumerate(ranks)
    ]
    return dataclasses.replace(grouped[0], behind=tuple(grouped[1:]))


def group_words(replica: Replica) -> str:
    """Who has which rank, and where they meet."""
    group, layers = replica.group, getattr(replica.arguments, "layers", ())
    assert group is not None  # noqa: S101 - the caller knows
    first, ranks = 0, []
    for rank, member in enumerate(group.members):
        part = f"rank {rank} on {member.host}"
        if len(layers) == len(group.members):
            part += f" (layers {first} to {first + layers[rank] - 1})"
            first += layers[rank]
        ranks.append(part)
    return f"{replica.name} is one group: {', '.join(ranks)}; they meet at {group.master}"
