"""The Compose file of each role of a host."""

import hashlib
import json
from collections.abc import Mapping

import yaml

from deploys.catalogue.model import Model
from deploys.catalogue.store import store_folder
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.plan import HostPlan, Plan, Pool, Replica
from deploys.render.engines import llamacpp, vllm
from deploys.render.engines.service import PORT
from deploys.render.image_tags import image_name
from deploys.render.keepalived import keepalived_files
from deploys.render.nginx_tls import challenge_listener, health_port, public_port
from deploys.render.templates import Render
from deploys.settings.gateway import Gateway
from deploys.settings.words import bracketed, stands_in_for

# Time that nginx gives running answers when its container is replaced.
GATEWAY_GRACE_SECONDS = 60
# NVIDIA's container toolkit names each GPU and each slice by its UUID, too.
GPU_KIND = "nvidia.com/gpu"
ENGINES = {"llamacpp": llamacpp.service, "vllm": vllm.service}

# Bodies that wait for an engine lie in the gateway's /tmp, in memory.
SPOOL_MIB = 512
# nginx itself, 32 KiB for each of some thousand streams, and njs.
GATEWAY_OWN_MIB = 128

Values = dict[str, object]


def compose_files(plan: Plan, host: HostPlan, render: Render) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text, for each role of the host."""
    files = {}
    if host.replicas:
        files["gpu_hosts/compose.yaml"] = _gpu_hosts(plan, host, render)
    if host.gateway is not None:
        files["gateways/compose.yaml"] = _gateways(plan, host, render)
        files |= keepalived_files(plan, host, render)
    return files


def listened(gateway: Gateway) -> tuple[str, ...]:
    """ADDRESS:PORT of each listener of the host for clients: its own, then the shared one."""
    shared = gateway.shared_address
    addresses = (gateway.address, *((shared.address,) if shared is not None else ()))
    return tuple(f"{bracketed(address)}:{gateway.port}" for address in addresses)


def gateway_memory_mib(gateway: Gateway) -> int:
    """What nginx may use: its spool, and four bodies that each worker reads at the same time.

    With 256 MiB a worker was killed by eight bodies of 30 MB at once; with this all were answered.
    """
    reading = gateway.workers * 4 * gateway.body_limit_mib
    return SPOOL_MIB + reading + GATEWAY_OWN_MIB


def project_name(environment: str, role: str) -> str:
    """The Compose project of a role: one per role, so that each is brought up on its own."""
    return f"homeport-{environment}-{role}"


def network_name(environment: str) -> str:
    """The Docker network on which a host's gateway and engines meet."""
    return f"homeport-{environment}"


def config_labels(text: str) -> dict[str, str]:
    """Service -> its label homeport.config-sha256 in a rendered Compose file; without stand-ins,
    which no deploy starts by themselves.
    """
    services = yaml.safe_load(text)["services"]
    return {
        name: service["labels"]["homeport.config-sha256"]
        for name, service in services.items()
        if "profiles" not in service
    }


def service_hashes(text: str) -> dict[str, str]:
    """Service -> hash of its definition, without the label that will carry it.

    One per service, not per project: a project-wide hash would restart every engine for a change
    in one.
    """
    hashes = {}
    for name, service in yaml.safe_load(text)["services"].items():
        labels = {
            key: value
            for key, value in service["labels"].items()
            if key != "homeport.config-sha256"
        }
        canonical = json.dumps({**service, "labels": labels}, sort_keys=True)
        hashes[name] = hashlib.sha256(canonical.encode()).hexdigest()
    return hashes


def _gpu_hosts(plan: Plan, host: HostPlan, render: Render) -> str:
    pools = {pool.name: pool for pool in plan.pools}

    def text(hashes: Mapping[str, str]) -> str:
        services: list[Values] = [
            {
                **_engine_service(plan, pools[replica.pool], replica),
                "config_sha256": hashes.get(replica.name, ""),
                "stands_in_for": stands_in_for(replica.name),
            }
            for replica in (*host.replicas, *plan.stand_ins_on(host))
        ]
        volumes = sorted({str(one["cache_volume"]) for one in services} - {""})
        values = {**_project(plan, host, "gpu_hosts"), "services": services, "volumes": volumes}
        return render("compose/gpu_hosts/compose.yaml.j2", values)

    return text(service_hashes(text({})))


def _gateways(plan: Plan, host: HostPlan, render: Render) -> str:
    gateway = host.gateway
    if gateway is None:
        raise ValueError(f"{host.name} is no gateway")
    values = {
        **_project(plan, host, "gateways"),
        "image": plan.images["nginx"],
        "public_ports": [f"{one}:{public_port(gateway)}" for one in listened(gateway)],
        "health_port": health_port(gateway),
        "admin_port": f"127.0.0.1:{gateway.admin_port}:8081",
        "mounts": [
            {"source": f"../../{path}", "target": f"/srv/homeport/{path}"}
            for path in (
                *("gateway", "releases", "secrets/gateway", "state/gateway"),
                *(("secrets/acme",) if challenge_listener(gateway) else ()),
            )
        ],
        "acme": _acme(plan, gateway),
        "stop_grace_seconds": GATEWAY_GRACE_SECONDS,
        "spool_mib": SPOOL_MIB,
        "memory_mib": gateway_memory_mib(gateway),
    }

    def text(hashes: Mapping[str, str]) -> str:
        return render("compose/gateways/compose.yaml.j2", {**values, "config_sha256": hashes})

    return text(service_hashes(text({"nginx": "", "acme": ""})))


def _acme(plan: Plan, gateway: Gateway) -> Values | None:
    """The service that gets the certificate; None without ACME."""
    tls = gateway.tls
    if tls is None or tls.acme is None:
        return None
    return {
        "image": plan.images["acme"],
        "command": [tls.acme.directory, tls.acme.email, *tls.names],
        "port": f"{challenge_listener(gateway)}:8080",
    }


def _project(plan: Plan, host: HostPlan, role: str) -> Values:
    return {
        "environment": plan.environment,
        "host": host.name,
        "project": project_name(plan.environment, role),
        "network": network_name(plan.environment),
    }


def _engine_service(plan: Plan, pool: Pool, replica: Replica) -> Values:
    service = ENGINES[pool.engine](pool, replica)
    return {
        **vars(service),
        "name": replica.name,
        "pool": pool.name,
        "model": pool.model_name,
        "engine": pool.engine,
        "reasons": [*pool.reasons, *_memory_sums(replica)],
        "image": plan.images[image_name(pool.engine, on_gpus=bool(replica.gpus))],
        "published": f"{replica.endpoint}:{PORT}" if replica.endpoint else "",
        "mounts": _mounts(replica.model),
        "devices": [f"{GPU_KIND}={uuid}" for uuid in replica.gpus],
        "numa_node": replica.numa_node,
        "cpuset": replica.cpuset,
        "cpus": replica.limits.cpus,
        "memory_mib": replica.limits.memory_mib,
    }


def _mounts(model: Model) -> list[Values]:
    """The folder of the store that holds exactly the model's files.

    It is below the project directory DIRECTORY/current/gpu_hosts, so that the rendered file does
    not depend on where the kit keeps its files on the host.
    """
    return [{"source": f"../../models/{store_folder(model.every_file)}", "target": "/models"}]


def _memory_sums(replica: Replica) -> list[str]:
    """What the plan predicts, for whoever reviews the file."""
    gpus = [device for device in replica.memory if device.device != "CPU"]
    sums = [_sum(device) for device in gpus]
    terms = " + ".join(f"{part} {mib}" for part, mib in replica.memory_mib.items())
    where = "RAM" if gpus else "memory"
    return [*sums, f"{where} {sum(replica.memory_mib.values())} MiB = {terms}"]


def _sum(device: DeviceEstimate) -> str:
    parts = {name: part.expected for name, part in device.parts.items() if name != "margin"}
    terms = " + ".join(f"{name} {mib:,.0f}" for name, mib in parts.items() if mib >= 0.5)
    return f"{device.device} {sum(parts.values()):,.0f} MiB = {terms}"
