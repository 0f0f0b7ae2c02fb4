"""The Compose file of each role of a host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploys.catalogue.model import ModelFile
from deploys.catalogue.store import store_folder
from deploys.plan.memory.estimate import DeviceEstimate
from deploys.plan.plan import HostPlan, Plan, Pool, Replica
from deploys.render import engine_files
from deploys.render.compose_gateway import gateway_compose
from deploys.render.compose_project import project_values, service_hashes
from deploys.render.engines import llamacpp, localai, vllm
from deploys.render.engines.flags import checked
from deploys.render.engines.service import PORT, Service
from deploys.render.image_tags import image_name
from deploys.render.keepalived import keepalived_files
from deploys.render.templates import Render
from deploys.render.watch import watch_files
from deploys.settings.words import stands_in_for

# NVIDIA's container toolkit names each GPU and each slice by its UUID, too.
GPU_KIND = "nvidia.com/gpu"
ENGINES = {"llamacpp": llamacpp.service, "localai": localai.service, "vllm": vllm.service}

Values = dict[str, object]


def compose_files(
    plan: Plan, host: HostPlan, render: Render, nginx: Mapping[str, str]
) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text, for each role; `nginx` is its files."""
    files = {}
    if host.replicas:
        engines = _engines(plan, host, render)
        files["gpu_hosts/compose.yaml"] = _gpu_hosts(plan, host, render, engines)
        files |= {
            f"{engine_files.FOLDER}/{one.replica.name}/{name}": text
            for one in engines
            for name, text in one.texts.items()
            if not stands_in_for(one.replica.name)
        }
    if host.gateway is not None:
        files["gateways/compose.yaml"] = gateway_compose(plan, host, render, nginx)
        files |= keepalived_files(plan, host, render)
    return files | watch_files(plan, host, render)


@dataclass(frozen=True)
class _Engine:
    """One engine of a host, ready for the template."""

    replica: Replica
    pool: Pool
    service: Service
    texts: Mapping[str, str]
    """File name -> what it reads beside its model."""


def _engines(plan: Plan, host: HostPlan, render: Render) -> list[_Engine]:
    """Its replicas, then their stand-ins."""
    pools = {pool.name: pool for pool in plan.pools}
    engines = []
    for replica in (*host.replicas, *plan.stand_ins_on(host)):
        pool = pools[replica.pool]
        service = checked(pool.engine, replica, ENGINES[pool.engine](pool, replica))
        texts = engine_files.rendered(plan.environment, host.name, replica, service, render)
        engines.append(_Engine(replica, pool, service, texts))
    return engines


def _gpu_hosts(plan: Plan, host: HostPlan, render: Render, engines: Sequence[_Engine]) -> str:
    def text(hashes: Mapping[str, str]) -> str:
        services: list[Values] = [
            {
                **_engine_service(plan, one),
                **_planned(engines, one),
                "config_sha256": hashes.get(one.replica.name, ""),
                "stands_in_for": stands_in_for(one.replica.name),
            }
            for one in engines
        ]
        volumes = sorted({str(one["cache_volume"]) for one in services} - {""})
        values = {
            **project_values(plan, host, "gpu_hosts"),
            "services": services,
            "volumes": volumes,
        }
        return render("compose/gpu_hosts/compose.yaml.j2", values)

    return text(service_hashes(text({})))


def _engine_service(plan: Plan, engine: _Engine) -> Values:
    pool, replica, service = engine.pool, engine.replica, engine.service
    return {
        **vars(service),
        "name": replica.name,
        "pool": pool.name,
        "model": pool.model_name,
        "engine": pool.engine,
        "image": plan.images[image_name(pool.engine, on_gpus=bool(replica.gpus))],
        "published": _published(replica),
        "group": replica.group,
        "mounts": [
            _mount(replica.model.every_file, service.model_folder),
            *(_mount(files, folder) for folder, files in service.folders.items()),
            *engine_files.mounts(service, engine.texts),
        ],
        "devices": [f"{GPU_KIND}={uuid}" for uuid in replica.gpus],
        "numa_node": replica.numa_node,
        "cpuset": replica.cpuset,
        "cpus": replica.limits.cpus,
        "memory_mib": replica.limits.memory_mib,
    }


def _published(replica: Replica) -> str:
    return f"{replica.endpoint}:{PORT}" if replica.endpoint and replica.group is None else ""


def _mount(files: tuple[ModelFile, ...], target: str) -> Values:
    """The folder of the store that holds exactly these files.

    It is below the project directory DIRECTORY/current/gpu_hosts, so that the rendered file does
    not depend on where the kit keeps its files on the host.
    """
    return {"source": f"../../models/{store_folder(files)}", "target": target}


def _planned(engines: Sequence[_Engine], engine: _Engine) -> Values:
    """What the plan says of it, in a line for the top and where it stands; the same once alone."""
    pool, replica = engine.pool, engine.replica
    memory = _memory_sums(replica)
    alike = (
        one.replica.name
        for one in engines
        if one.pool.name == pool.name and _memory_sums(one.replica) == memory
    )
    first = next(alike)
    gpus = len(replica.gpus)
    where = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "RAM"
    return {
        "reasons": pool.reasons,
        "memory": memory,
        "planned_like": "" if first == replica.name else first,
        "overview": ", ".join(filter(None, (pool.model_name, where, replica.endpoint))),
    }


def _memory_sums(replica: Replica) -> list[str]:
    """What the plan predicts, for whoever reviews the file; GPUs with the same sum in one line."""
    sums: dict[str, list[str]] = {}
    for device in replica.memory:
        if device.device != "CPU":
            sums.setdefault(_sum(device), []).append(device.device)
    terms = " + ".join(f"{part} {mib:,}" for part, mib in replica.memory_mib.items() if mib)
    where = "RAM" if sums else "memory"
    whole = f"{where} {sum(replica.memory_mib.values()):,} MiB = {terms}"
    return [*(f"{_each(devices)} {text}" for text, devices in sums.items()), whole]


def _each(devices: Sequence[str]) -> str:
    return devices[0] if len(devices) == 1 else f"each of {', '.join(devices)}"


def _sum(device: DeviceEstimate) -> str:
    parts = {name: part.expected for name, part in device.parts.items() if name != "margin"}
    terms = " + ".join(f"{name} {mib:,.0f}" for name, mib in parts.items() if mib >= 0.5)
    return f"{sum(parts.values()):,.0f} MiB = {terms}"
