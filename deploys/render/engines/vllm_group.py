"""vLLM on several hosts: the flags and variables of one rank, and how it is seen to be joined.

torch.distributed asks nobody for a name: whoever reaches its ports may join. So all of it is bound
to the hosts' private network, and the hosts let in each other alone (operations/group_way.py).
"""

import socket

from deploys.plan.arguments import VllmArguments
from deploys.plan.group import Group
from deploys.plan.memory.pipeline import written
from deploys.render.engines.service import Argument

# Written where the group has met, in the container's own memory: gone when it starts anew.
MET = "/tmp/homeport-met"  # noqa: S108
# Seen with 0.32.0: rank 1 outlives rank 0, and waits for ever when another one begins; rank 0 says
# 200 after rank 1 has died, until a request fails.
HEALTH_REASON = (
    "Who loses another of its group, or meets none in time, ends; Docker starts all of them anew."
)


def group_arguments(group: Group, plan: VllmArguments) -> list[Argument]:
    """How many there are, which one this is, and where they meet."""
    address, _, port = group.master.rpartition(":")
    return [
        *([Argument(("--pipeline-parallel-size", str(len(plan.layers))))] * (len(plan.layers) > 1)),
        Argument(("--distributed-executor-backend", "mp"), "vLLM's own processes; no Ray."),
        Argument(("--nnodes", str(len(group.members)))),
        Argument(("--node-rank", str(group.rank))),
        Argument(("--master-addr", address)),
        Argument(("--master-port", port)),
        *([Argument(("--headless",), "Rank 0 alone answers requests.")] if group.rank else []),
    ]


def group_environment(group: Group, plan: VllmArguments) -> dict[str, str]:
    """Where its processes listen and look for the others."""
    several = {"VLLM_PP_LAYER_PARTITION": written(plan.layers)} if len(plan.layers) > 1 else {}
    return {
        "GLOO_SOCKET_IFNAME": group.interface,
        "NCCL_SOCKET_IFNAME": group.interface,
        "VLLM_HOST_IP": group.address,
        **several,
    }


def joined_check(group: Group, url: str, ready_seconds: int) -> tuple[str, ...]:
    """A health check: the engine, and by the kernel's table the very connections of the meeting.

    `ready_seconds` is what a start may take. Ranks meet long before that, ahead of all weights: one
    that has met nobody by then waits for nobody.
    """
    port = f":{group.master_port:04X}"
    if group.rank:
        ends = [f"{_kernels(group.members[0].address)}{port}"]
        own = "r[2].endswith(e)"
        # Rank 0 takes whoever comes, and may end before anybody has looked here: one that waits
        # for its word keeps a connection that the other side has closed (CLOSE_WAIT).
        left = f"any(r[3]=='08'and r[2].endswith('{ends[0]}')for r in t)"
    else:
        ends = [_kernels(one.address) for one in group.members[1:]]
        own = f"r[1].endswith('{port}')and r[2][:-5].endswith(e)"
        # Others come and go at its port while they start.
        left = "False"
    asks = "" if group.rank else "; u.urlopen(sys.argv[1],timeout=4)"
    # One that was started anew is there again before anybody looks, and is not whom they met.
    lines = (
        "import os,sys,urllib.request as u",
        "t=[l.split()for f in('tcp','tcp6')for l in open('/proc/net/'+f)]",
        f"n=[{{r[1]+r[2]for r in t if r[3]=='01'and {own}}}for e in {ends}]",
        f"m='{MET}'; old=set(open(m).read().split())if os.path.exists(m)else None",
        "ok=all(c&(c if old is None else old)for c in n)",
        "began=int(open('/proc/1/stat').read().rsplit(')')[-1].split()[19])",
        "up=float(open('/proc/uptime').read().split()[0])-began/os.sysconf('SC_CLK_TCK')",
        f"lost=old is not None or {left} or up>{ready_seconds}",
        "ok or lost and os.kill(-1,9)",
        "ok or sys.exit('not joined')",
        f"old is None and open(m,'w').write(' '.join(set().union(*n))){asks}",
    )
    # Whoever looks at the container finds what it asks as the last word, as of other engines.
    return ("python3", "-c", "\n".join(lines), group.master if group.rank else url)


def _kernels(address: str) -> str:
    """An IPv4 address as x86-64's /proc/net/tcp writes it; also the end of its mapped form."""
    return socket.inet_aton(address)[::-1].hex().upper()
