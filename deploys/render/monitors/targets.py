"""What Prometheus asks, from the plan: every engine, gateway and host, and the monitors' own."""

from collections.abc import Iterator
from dataclasses import dataclass

from deploys.plan.plan import HostPlan, Plan
from deploys.render.compose_gateway import listened
from deploys.render.nginx_figures import FIGURES_PORT
from deploys.render.nginx_pools import engine_address
from deploys.settings.words import bracketed

# Inside the containers; what is published of them is the settings' to say.
PROMETHEUS_PORT = 9090
ALERTMANAGER_PORT = 9093
BLACKBOX_PORT = 9115
NODE_PORT = 9100
DCGM_PORT = 9400
GATEWAY_TLS_PORT = 8443


@dataclass(frozen=True)
class Target:
    """One address, and the labels of all that it tells."""

    address: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Job:
    """Targets of one kind."""

    name: str
    targets: tuple[Target, ...]
    path: str = "/metrics"
    module: str = ""
    """Of blackbox exporter, which asks instead; empty: Prometheus asks itself."""


def jobs(plan: Plan, monitor: HostPlan) -> tuple[Job, ...]:
    """Each that has targets, as one monitor reaches them."""
    found = (
        Job("engines", tuple(_engines(plan, monitor))),
        Job("gateways", tuple(_gateways(plan, monitor))),
        Job("cloud", tuple(_gateways(plan, monitor)) if plan.cloud else (), "/metrics/cloud"),
        Job("certificates", tuple(_certificates(plan, monitor)), "/probe", "gateway"),
        Job("hosts", tuple(_hosts(plan, monitor))),
        Job("gpus", tuple(_gpus(plan, monitor))),
        Job("monitors", tuple(_monitors(plan, monitor))),
    )
    return tuple(job for job in found if job.targets)


def _engines(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    """Stand-ins are there for minutes, in which nobody would know what to think of them."""
    for pool in plan.pools:
        for one in pool.replicas:
            labels = {"pool": pool.name, "replica": one.name, "host": one.host}
            yield Target(engine_address(one, monitor), labels)


def _gateways(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    for host in plan.hosts:
        if host.gateway is not None and plan.monitoring is not None:
            port = plan.monitoring.gateway_port
            yield _at(host, monitor, "nginx", FIGURES_PORT, port)


def _certificates(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    for host in plan.hosts:
        if host.gateway is not None and host.gateway.tls is not None:
            own = f"nginx:{GATEWAY_TLS_PORT}"
            address = own if host.name == monitor.name else listened(host.gateway)[0]
            yield Target(address, {"host": host.name})


def _hosts(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    for host in plan.hosts:
        if plan.monitoring is not None:
            yield _at(host, monitor, "node-exporter", NODE_PORT, plan.monitoring.host_port)


def _gpus(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    for host in plan.hosts:
        if host.monitored_gpus and plan.monitoring is not None:
            yield _at(host, monitor, "dcgm-exporter", DCGM_PORT, plan.monitoring.gpu_port)


def _monitors(plan: Plan, monitor: HostPlan) -> Iterator[Target]:
    own = {"host": monitor.name}
    yield Target(f"localhost:{PROMETHEUS_PORT}", own)
    if plan.monitoring is not None and plan.monitoring.alerts is not None:
        yield Target(f"alertmanager:{ALERTMANAGER_PORT}", own)


def _at(host: HostPlan, monitor: HostPlan, service: str, inside: int, outside: int) -> Target:
    """On the monitor's own host by its name on Docker's network, elsewhere by ADDRESS:PORT."""
    own = host.name == monitor.name
    address = f"{service}:{inside}" if own else f"{bracketed(host.address)}:{outside}"
    return Target(address, {"host": host.name})
