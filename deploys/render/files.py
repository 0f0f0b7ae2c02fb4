"""Everything that is rendered for an environment."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploys.catalogue.store import HUB
from deploys.plan.plan import HostPlan, Plan, Replica
from deploys.render.compose import compose_files
from deploys.render.compose_project import config_labels, network_name, project_name
from deploys.render.expectations import expectations
from deploys.render.gateway_manifest import gateway_release
from deploys.render.group_release import behind, group_access
from deploys.render.hardware import expected_hardware
from deploys.render.image_tags import (
    build_context,
    gateway_images,
    image_name,
    monitoring_images,
    vector_store_images,
)
from deploys.render.monitors.files import monitoring_files
from deploys.render.monitors.manifest import monitored_addresses, monitors_release
from deploys.render.nginx import nginx_files
from deploys.render.postgresql import retrieval_release, store_memory_mib, vector_store_files
from deploys.render.release import (
    Access,
    EngineAccess,
    Image,
    ImageBuild,
    Project,
    Release,
    ReplicaRollout,
    StandIn,
)
from deploys.render.release_models import model_copies
from deploys.render.roles import ROLES
from deploys.render.templates import Render, renderer
from deploys.render.watch import watch_release
from deploys.settings.image import ImageName

RELEASE_HEADER = """\
# What {host} gets in the environment {environment}: the one file that a deploy reads.
# `homeport render {environment}` writes it anew; release is the hash of everything listed here.

"""


def render_environment(plan: Plan, access: Access, templates: Path) -> dict[str, str]:
    """Path below the repository root -> text, for every host of the plan."""
    render = renderer(templates)
    rendered: dict[str, str] = {}
    for host in plan.hosts:
        rendered |= _host_files(plan, host, access, render, templates)
    return dict(sorted(rendered.items()))


def _host_files(
    plan: Plan, host: HostPlan, access: Access, render: Render, templates: Path
) -> dict[str, str]:
    nginx = nginx_files(plan, host, render, templates) if host.gateway is not None else {}
    compose = compose_files(plan, host, render, nginx)
    compose |= monitoring_files(plan, host, render, templates)
    compose |= vector_store_files(plan, host, render, templates)
    shipped = {**compose, **{f"nginx/{path}": text for path, text in nginx.items()}}
    release = _release(plan, host, shipped, access)
    files = {f"compose/{plan.environment}/{host.name}/{path}": compose[path] for path in compose}
    files |= {f"nginx/{plan.environment}/{host.name}/{path}": nginx[path] for path in nginx}
    header = RELEASE_HEADER.format(host=host.name, environment=plan.environment)
    body = yaml.safe_dump(release.model_dump(mode="json"), sort_keys=False, width=100)
    files[f"compose/{plan.environment}/{host.name}/release.yaml"] = header + body
    return files


def _release(plan: Plan, host: HostPlan, shipped: Mapping[str, str], access: Access) -> Release:
    hashes = {path: _sha256(text) for path, text in sorted(shipped.items())}
    models = model_copies(plan, host, shipped)
    release = Release(
        environment=plan.environment,
        host=host.name,
        release="",
        network=network_name(plan.environment),
        files=hashes,
        images=_images(plan, host),
        models=models,
        projects=_projects(plan, shipped),
        replicas=expectations(plan, host),
        hardware=expected_hardware(host, plan.stand_ins_on(host), store_memory_mib(plan, host)),
        rollouts=_rollouts(plan, host),
        engines=_engines(plan, host),
        gateway=gateway_release(plan, host, shipped, access.clients),
        monitors=monitors_release(plan, host),
        monitored=monitored_addresses(plan, host),
        hub=access.hub if any(model.source.startswith(HUB) for model in models) else None,
        registry=access.registry,
        retrieval=retrieval_release(plan, host, shipped),
        watch=watch_release(plan, host),
        groups=group_access(host),
    )
    return release.model_copy(update={"release": _sha256(release.model_dump_json())[:12]})


def _images(plan: Plan, host: HostPlan) -> tuple[Image, ...]:
    engines = {pool.name: pool.engine for pool in plan.pools}
    names: set[ImageName] = {
        image_name(engines[one.pool], on_gpus=bool(one.gpus)) for one in host.replicas
    }
    names |= gateway_images(host) | monitoring_images(plan, host) | vector_store_images(host)
    return tuple(
        Image(
            name=name,
            reference=plan.images[name],
            build=ImageBuild(context=context) if context else None,
        )
        for name in sorted(names)
        for context in [build_context(plan.images[name])]
    )


def _projects(plan: Plan, shipped: Mapping[str, str]) -> tuple[Project, ...]:
    return tuple(
        Project(
            role=role,
            name=project_name(plan.environment, role),
            services=config_labels(shipped[f"{role}/compose.yaml"]),
        )
        for role in ROLES
        if f"{role}/compose.yaml" in shipped
    )


def _rollouts(plan: Plan, host: HostPlan) -> tuple[ReplicaRollout, ...]:
    pools = {pool.name: pool for pool in plan.pools}
    return tuple(
        ReplicaRollout(
            name=replica.name,
            pool=replica.pool,
            model=pools[replica.pool].public_name,
            kind=pools[replica.pool].routing.kind,
            stand_in=_stand_in(plan.stand_ins.get(replica.name)),
            behind=behind(replica),
            **dataclasses.asdict(plan.rollouts[replica.name]),
        )
        for replica in host.replicas
        if replica.name in plan.rollouts
    )


def _stand_in(replica: Replica | None) -> StandIn | None:
    return StandIn(service=replica.name, endpoint=replica.endpoint) if replica else None


def _engines(plan: Plan, host: HostPlan) -> EngineAccess | None:
    engines = (*host.replicas, *plan.stand_ins_on(host))
    ports = [int(one.endpoint.rpartition(":")[2]) for one in engines if one.endpoint]
    if not ports:
        return None
    gateways = tuple(one for one in plan.gateway_addresses() if one != host.address)
    return EngineAccess(address=host.address, ports=tuple(sorted(ports)), gateways=gateways)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
