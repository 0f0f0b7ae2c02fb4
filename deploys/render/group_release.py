"""What a release says of replicas on several hosts."""

from deploys.plan.plan import HostPlan, Replica
from deploys.render.release import GroupAccess, RankBehind


def behind(replica: Replica) -> tuple[RankBehind, ...]:
    """Who is replaced with it."""
    return tuple(RankBehind(host=one.host, service=one.name) for one in replica.behind)


def group_access(host: HostPlan) -> GroupAccess | None:
    """None for a host without any."""
    joined = [(one, one.group) for one in host.replicas if one.group is not None]
    if not joined:
        return None
    addresses = {member.address for _, group in joined for member in group.members}
    return GroupAccess(
        address=host.address,
        peers=tuple(sorted(addresses - {host.address})),
        master_ports=tuple(sorted(group.master_port for _, group in joined if not group.rank)),
        services=tuple(sorted(replica.name for replica, _ in joined)),
    )
