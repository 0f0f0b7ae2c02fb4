"""The vector store of a host: its Compose file, PostgreSQL's own files, and the migrations."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan
from deploys.plan.retrieval import CollectionPlan, RetrievalPlan
from deploys.render.compose_project import project_name, project_values, service_hashes
from deploys.render.release_retrieval import (
    DATA,
    PLACED,
    SECRETS,
    SERVICE,
    CollectionRelease,
    RetrievalRelease,
)
from deploys.render.templates import Render
from deploys.settings.retrieval import Retrieval
from deploys.settings.words import bracketed

ROLE = "vector_stores"
FILES = (
    *("postgresql.conf", "pg_hba.conf", "passwd"),
    *("start-postgresql", "migrate-database", "tell-database", "restore-database"),
)
PORT = 5432

Values = dict[str, object]


def vector_store_files(
    plan: Plan, host: HostPlan, render: Render, templates: Path
) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text; none where the host is no vector store."""
    settings = _settings(plan, host)
    if settings is None:
        return {}
    names = {"environment": plan.environment, "host": host.name}
    values = {**names, **memory_parts(settings), "connections": settings.connections}
    own = {f"{ROLE}/{file}": render(f"compose/{ROLE}/{file}.j2", values) for file in FILES}
    scripts = {
        f"{ROLE}/migrations/{path.name}": path.read_text(encoding="utf-8")
        for path in _migrations(templates)
    }
    compose = _compose(plan, host, settings, render, _digest(own))
    return {f"{ROLE}/compose.yaml": compose, **own, **scripts}


def retrieval_release(
    plan: Plan, host: HostPlan, shipped: Mapping[str, str]
) -> RetrievalRelease | None:
    """What the deploy needs; None where the host is no vector store."""
    if plan.retrieval is None or ROLE not in host.roles:
        return None
    return RetrievalRelease(
        image=plan.images[SERVICE],
        # As Compose names the only container of a service.
        container=f"{project_name(plan.environment, ROLE)}-{SERVICE}-1",
        published=_published(plan.retrieval.settings),
        migrations=tuple(sorted(path for path in shipped if path.endswith(".sql"))),
        collections=_collections(plan.retrieval),
    )


def store_memory_mib(plan: Plan, host: HostPlan) -> int:
    """Limit of the host's vector store; 0 where it is none."""
    settings = _settings(plan, host)
    return settings.memory_mib if settings is not None else 0


def memory_parts(settings: Retrieval) -> dict[str, int]:
    """How the container's memory is shared out, in MiB.

    A quarter holds pages (PostgreSQL's manual, 19.4, for a dedicated server), a quarter the graph
    while an index is built (pgvector's README, "Index Build Time"), an eighth the sorts of all
    connections together, and the rest processes and the kernel's cache of the same files.
    """
    whole = settings.memory_mib
    return {
        "memory_mib": whole,
        "shared_buffers_mib": whole // 4,
        "maintenance_work_mem_mib": whole // 4,
        "effective_cache_size_mib": whole // 2,
        "work_mem_mib": max(1, whole // 8 // settings.connections),
        # Workers that build an index together meet in /dev/shm.
        "shm_mib": whole // 4 + 64,
        "workers": max(1, settings.cpus - 1),
    }


def _settings(plan: Plan, host: HostPlan) -> Retrieval | None:
    if plan.retrieval is None or ROLE not in host.roles:
        return None
    return plan.retrieval.settings


def _compose(
    plan: Plan, host: HostPlan, settings: Retrieval, render: Render, files_sha256: str
) -> str:
    values = {
        **project_values(plan, host, ROLE),
        **memory_parts(settings),
        "image": plan.images[SERVICE],
        "published": f"{_published(settings)}:{PORT}" if settings.address else "",
        "cpus": settings.cpus,
        "pids": settings.connections + 64,
        "data": DATA,
        "files": PLACED,
        "secrets": SECRETS,
        "files_sha256": files_sha256,
    }

    def text(hashes: Mapping[str, str]) -> str:
        hashed = {**values, "config_sha256": hashes.get(SERVICE, "")}
        return render(f"compose/{ROLE}/compose.yaml.j2", hashed)

    return text(service_hashes(text({})))


def _published(settings: Retrieval) -> str:
    return f"{bracketed(settings.address)}:{settings.port}" if settings.address else ""


def _collections(planned: RetrievalPlan) -> dict[str, CollectionRelease]:
    return {name: _collection(one) for name, one in planned.collections.items()}


def _collection(one: CollectionPlan) -> CollectionRelease:
    return CollectionRelease(
        pool=one.asked_as,
        model=one.model,
        revision=one.revision,
        dimension=one.dimension,
        distance=one.words.distance,
        numbers=one.words.numbers,
        index=one.words.index,
    )


def _migrations(templates: Path) -> list[Path]:
    return sorted((templates / "compose" / ROLE / "migrations").glob("*.sql"))


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
