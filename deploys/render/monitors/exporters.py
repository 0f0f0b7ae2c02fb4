"""The containers that tell of a host: node exporter, and NVIDIA's DCGM exporter for its GPUs."""

from collections.abc import Iterator

from deploys.plan.plan import HostPlan, Plan
from deploys.render.engines.service import Argument
from deploys.render.monitors.targets import DCGM_PORT, NODE_PORT
from deploys.render.monitors.watcher import Mount, Watcher, fetched, published

# None of these is the host's, nor what containers have mounted into themselves.
NO_DISKS = "^/(dev|proc|run|sys|etc|var/lib/docker/.+)($|/)"

# Beside its Compose file: which fields DCGM exporter tells.
COUNTERS = "counters.csv"
_COUNTERS = f"/etc/homeport/{COUNTERS}"


def exporters(plan: Plan, host: HostPlan) -> Iterator[Watcher]:
    """What tells Prometheus of a host."""
    watch = plan.monitoring
    if watch is None:
        return
    yield _node_exporter(published(plan, host, watch.host_port, NODE_PORT))
    if host.monitored_gpus:
        yield _dcgm_exporter(published(plan, host, watch.gpu_port, DCGM_PORT))


def _node_exporter(address: str) -> Watcher:
    collectors = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "stat", "vmstat")
    return Watcher(
        name="node-exporter",
        image="node_exporter",
        words="Tells of processors, memory and disks of the host; not of its network, which it has "
        "no part in.",
        arguments=(
            Argument((f"--web.listen-address=0.0.0.0:{NODE_PORT}",)),
            Argument(("--path.rootfs=/host",)),
            Argument(("--collector.disable-defaults",), "What nobody asks for is not read."),
            *(Argument((f"--collector.{name}",)) for name in collectors),
            Argument((f"--collector.filesystem.mount-points-exclude={NO_DISKS}",)),
        ),
        health=fetched(NODE_PORT, "/"),
        memory_mib=128,
        networks=("engines",),
        published=address,
        # With disks that are mounted later. Read as nobody, who may read what all may.
        mounts=(Mount("/", "/host", propagation="rslave"),),
        user="65534:65534",
    )


def _dcgm_exporter(address: str) -> Watcher:
    return Watcher(
        name="dcgm-exporter",
        image="dcgm_exporter",
        words="Tells of the GPUs. Without profiling, which wants SYS_ADMIN and slows engines down.",
        arguments=(),
        # The image has neither curl nor wget.
        health=("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{DCGM_PORT}"),
        memory_mib=1024,
        networks=("engines",),
        published=address,
        mounts=(Mount(f"./{COUNTERS}", _COUNTERS),),
        environment={
            "DCGM_EXPORTER_COLLECTORS": _COUNTERS,
            "DCGM_EXPORTER_LISTEN": f":{DCGM_PORT}",
        },
        devices=("nvidia.com/gpu=all",),
        reads=(COUNTERS,),
    )
