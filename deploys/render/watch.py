"""The watch of a host: which program it is, what that is to know, and its systemd units."""

import json

from deploys.plan.plan import HostPlan, Plan, Replica
from deploys.questions.engine_answers import PATHS, Served, body
from deploys.render.compose_project import project_name
from deploys.render.nginx_pools import engine_address
from deploys.render.release_watch import FOLDER, Part, WatchRelease, program_digest
from deploys.render.templates import Render
from deploys.render.watch_program import program_sha256s
from deploys.settings.words import bracketed

# Enough to see that it speaks.
PROOF_TOKENS = 16


def watch_files(plan: Plan, host: HostPlan, render: Render) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text; none without a watch."""
    if plan.watch is None or not (_asked_here(host) or host.gateway):
        return {}
    words = json.dumps(_words(plan, host), indent=1, sort_keys=True) + "\n"
    files = {"words.json": words, **_units(plan, host, render)}
    return {f"{FOLDER}/{path}": text for path, text in files.items()}


def watch_release(plan: Plan, host: HostPlan) -> WatchRelease | None:
    """None for a host that is not watched."""
    if plan.watch is None or not (_asked_here(host) or host.gateway):
        return None
    parts = _parts(host)
    return WatchRelease(
        units=tuple(_unit_templates(plan, host)),
        look_seconds=plan.watch.look_seconds,
        webhook=plan.watch.webhook,
        program=program_digest(program_sha256s(*parts)),
        parts=parts,
    )


def _parts(host: HostPlan) -> tuple[Part, ...]:
    gpus: tuple[Part, ...] = ("gpus",) if any(one.gpus for one in host.replicas) else ()
    return (*gpus, "gateway") if host.gateway is not None else gpus


def _unit_templates(plan: Plan, host: HostPlan) -> dict[str, str]:
    """Unit -> its template. Who has no gateway elsewhere needs to tell nobody."""
    name = f"homeport-watch-{plan.environment}"
    units = {f"{name}.timer": "watch.timer", f"{name}.service": "watch.service"}
    if _asked_here(host) and _askers(plan, host):
        units |= {f"{name}.socket": "watch.socket", f"{name}@.service": "answer.service"}
    return units


def _units(plan: Plan, host: HostPlan, render: Render) -> dict[str, str]:
    watch = plan.watch
    values = {
        "environment": plan.environment,
        "host": host.name,
        "directory": host.directory,
        "look_seconds": watch.look_seconds if watch else 0,
        "textfile_directory": (watch and watch.textfile_directory) or "",
        "address": bracketed(host.address),
        "port": watch.port if watch else 0,
        "gateways": list(_askers(plan, host)),
    }
    return {
        unit: render(f"watch/{template}.j2", values)
        for unit, template in _unit_templates(plan, host).items()
    }


def _askers(plan: Plan, host: HostPlan) -> dict[str, str]:
    """Address -> name of each gateway on another host."""
    return {one.address: one.name for one in plan.hosts if one.gateway and one is not host}


def _words(plan: Plan, host: HostPlan) -> dict[str, object]:
    watch = plan.watch
    asked = ("look_seconds", "silent_seconds", "stuck_seconds", "start_seconds")
    return {
        "environment": plan.environment,
        "host": host.name,
        "limits": {key: getattr(watch, key) for key in (*asked, "restarts_per_hour")},
        "textfile_directory": (watch and watch.textfile_directory) or "",
        "engines": _engines(plan, host) if _asked_here(host) else None,
        "gateway": _gateway(plan, host) if host.gateway else None,
    }


def _engines(plan: Plan, host: HostPlan) -> dict[str, object]:
    return {
        "project": project_name(plan.environment, "gpu_hosts"),
        "replicas": {replica.name: _whole_gpus(host, replica) for replica in _asked_here(host)},
        "gateways": [one.name for one in plan.hosts if one.gateway],
        "addresses": _askers(plan, host),
    }


def _asked_here(host: HostPlan) -> list[Replica]:
    """Its replicas; ranks behind the first end by themselves when that is started anew."""
    return [one for one in host.replicas if one.group is None or not one.group.rank]


def _whole_gpus(host: HostPlan, replica: Replica) -> list[str]:
    """By UUID; of a slice the GPU that it is cut from, which its driver judges."""
    gpus = host.hardware.gpus if host.hardware is not None else ()
    whole = {one.uuid: gpu.uuid for gpu in gpus for one in gpu.mig}
    return sorted({whole.get(uuid, uuid) for uuid in replica.gpus})


def _gateway(plan: Plan, host: HostPlan) -> dict[str, object]:
    return {
        "project": project_name(plan.environment, "gateways"),
        "service": "nginx",
        "port": plan.watch.port if plan.watch else 0,
        "hosts": {
            one.name: one.address for one in plan.hosts if _asked_here(one) and one is not host
        },
        "pools": {pool.name: [one.name for one in pool.replicas] for pool in plan.pools},
        "replicas": {
            replica.name: _asked(pool.public_name, pool.routing.kind, replica, host)
            for pool in plan.pools
            for replica in pool.replicas
        },
    }


def _asked(model: str, kind: str, replica: Replica, host: HostPlan) -> dict[str, str]:
    served = Served(model, kind)  # type: ignore[arg-type]
    return {
        "url": f"http://{engine_address(replica, host)}{PATHS[served.kind]}",
        "body": json.dumps(body(served, PROOF_TOKENS)),
        "kind": kind,
    }
