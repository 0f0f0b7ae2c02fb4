"""Everything that is read of a host, in one script and one round trip."""

import shlex
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from checks.committed import Committed
from checks.probes import containers, gateway, monitors, release, sections, setup
from checks.probes.containers import Container
from checks.probes.host import PARALLEL_HOSTS, SCRIPT_SECONDS, Unreachable, directory, run
from checks.probes.monitors import Monitor
from checks.probes.setup import Setup
from deploys.questions import canaries, keepalived, nginx, watch
from deploys.questions.canaries import Share
from deploys.questions.keepalived import Keepalived
from deploys.questions.watch import WatchHost
from deploys.render.release import Release

# Reading weights from a slow disk, 100 MiB/s and 360 GiB.
DIGEST_SECONDS = 3600


@dataclass(frozen=True)
class Live:
    """One host as it is now."""

    host: str
    docker: str
    """Engine version, or what the docker command said instead."""
    docker_answers: bool
    clock_ahead_seconds: float
    """Host's clock minus this machine's, beyond what the round trip explains."""
    free_mib: int | None
    """Free space where the kit keeps its files; None: no such directory."""
    containers: tuple[Container, ...]
    image_ids: Mapping[str, str]
    """Reference -> id of the image it names now."""
    has_network: bool
    current: str
    """What the link `current` points to; empty without one."""
    gateway_current: str
    monitors_current: str
    files: Mapping[str, str]
    """Path below the current release -> sha256."""
    model_bytes: Mapping[str, int]
    """sha256 that the manifest names -> size of the file in that place."""
    model_digests: Mapping[str, str]
    """sha256 that the manifest names -> sha256 of the file; of large ones when asked for."""
    revision: str
    """What nginx says it has loaded; empty without a gateway or an answer."""
    drained: Mapping[str, str]
    """NAME.KIND of each replica that is drained at this gateway -> who did it, and why."""
    state: Mapping[str, str]
    """File of the gateway's runtime state -> its text: what neither a commit nor a drain says."""
    setup: Setup
    nginx_versions: Mapping[str, str] = field(default_factory=dict)
    """Of the gateway that runs, by what says it; empty without one."""
    keepalived: Keepalived = field(default_factory=Keepalived)
    """Where gateways share an address."""
    monitor: Monitor | None = None
    """What its Prometheus says; None without one or an answer."""
    watch: WatchHost = field(default_factory=WatchHost)
    canaries: Mapping[str, Share] = field(default_factory=dict)
    """Pool -> the share of its candidate at this gateway."""

    def of(self, project: str, service: str) -> Container | None:
        """The container of a Compose service, the running one where there are several."""
        found = [c for c in self.containers if (c.project, c.service) == (project, service)]
        return min(found, key=lambda container: container.status != "running", default=None)

    def engines(self, release: Release) -> dict[str, Container]:
        """Replica -> its container, of those that are there."""
        found = {
            service: self.of(project.name, service)
            for project in release.projects
            if project.role == "gpu_hosts"
            for service in project.services
        }
        return {name: container for name, container in found.items() if container is not None}


def observe_all(
    hosts: Iterable[Committed], root: Path, *, digests: bool = False
) -> dict[str, Live | Unreachable]:
    """Host's name -> what it looks like, or why it could not be asked."""

    def ask(committed: Committed) -> Live | Unreachable:
        try:
            return observe(committed, root, digests=digests)
        except Unreachable as unreachable:
            return unreachable

    wanted = list(hosts)
    with ThreadPoolExecutor(PARALLEL_HOSTS) as pool:
        return dict(zip((c.host.name for c in wanted), pool.map(ask, wanted), strict=True))


def observe(committed: Committed, root: Path, *, digests: bool = False) -> Live:
    """One round trip; raises Unreachable. `digests` reads every byte of the models."""
    host, place = committed.host, directory(committed.host, root)
    script = sections.script(_questions(committed, place, digests=digests))
    before = time.time()
    output = run(host, script, DIGEST_SECONDS if digests else SCRIPT_SECONDS)
    try:
        return _live(committed, place, sections.answers(output), (before, time.time()))
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable(host.name, f"its answer makes no sense: {error}") from error


def _questions(committed: Committed, place: str, *, digests: bool) -> dict[str, str]:
    manifest = committed.release
    models = committed.release.models
    projects = {project.role: project.name for project in manifest.projects}
    images = " ".join(shlex.quote(image.reference) for image in manifest.images)
    return {
        "clock": "date +%s",
        "docker": "docker version --format 'version {{.Server.Version}}' 2>&1",
        "space": f"df -Pk {shlex.quote(place)} 2>/dev/null",
        "containers": containers.listing(manifest.environment, list(projects.values())),
        "images": f"for i in {images}; do "
        """echo "$i $(docker image inspect --format '{{.Id}}' "$i" 2>/dev/null)"; done""",
        "network": "docker network inspect --format '{{.Name}}' "
        f"{shlex.quote(manifest.network)} 2>/dev/null",
        "current": release.link(f"{place}/current"),
        "gateway-current": release.link(f"{place}/gateway/current"),
        "monitors-current": release.link(f"{place}/monitors/current"),
        "files": release.digests(place),
        "models": release.model_sizes(place, models),
        "digests": release.model_digests(place, models, every=digests),
        "drained": gateway.drained_question(place),
        "revision": gateway.revision_question(projects["gateways"], manifest.gateway.service)
        if manifest.gateway and "gateways" in projects
        else ":",
        "state": release.state(place),
        "canaries": canaries.question(f"{place}/state/gateway"),
        "watch": watch.question(manifest.environment, place, wanted=manifest.watch is not None),
        **_gateway_questions(manifest, projects.get("gateways", "")),
        "monitors": monitors.question(projects.get("monitors", "")) if manifest.monitors else ":",
        **setup.questions(),
    }


def _gateway_questions(manifest: Release, project: str) -> dict[str, str]:
    released = manifest.gateway if project else None
    return {
        "nginx": nginx.question_of_service(project, released.service) if released else ":",
        "keepalived": keepalived.QUESTION if released and released.shared else ":",
    }


def _live(
    committed: Committed, place: str, answers: Mapping[str, str], asked: tuple[float, float]
) -> Live:
    models = committed.release.models
    sizes = release.by_model(answers["models"], place, models)
    version = answers["docker"]
    return Live(
        host=committed.host.name,
        docker=version.removeprefix("version "),
        docker_answers=version.startswith("version ") and "\n" not in version,
        clock_ahead_seconds=_ahead(float(answers["clock"]), *asked),
        free_mib=_free_mib(answers["space"]),
        containers=containers.containers(answers["containers"]),
        image_ids=dict(_pair(line) for line in answers["images"].splitlines()),
        has_network=answers["network"] == committed.release.network,
        current=answers["current"],
        gateway_current=answers["gateway-current"],
        monitors_current=answers["monitors-current"],
        files=release.files(answers["files"]),
        model_bytes={sha256: int(size) for sha256, size in sizes.items()},
        model_digests=release.by_model(answers["digests"], place, models),
        revision=gateway.revision(answers["revision"]),
        drained=gateway.drained(answers["drained"]),
        state=release.state_files(answers["state"]),
        setup=setup.setup(answers),
        monitor=monitors.monitor(answers["monitors"]),
        nginx_versions=nginx.parse_versions(answers["nginx"].splitlines()),
        keepalived=keepalived.parse_keepalived(answers["keepalived"].splitlines()),
        watch=watch.parse_watch(answers["watch"].splitlines()),
        canaries={
            pool: share
            for pool, share in canaries.parse_shares(answers["canaries"].splitlines()).items()
            if share.percent
        },
    )


def _ahead(there: float, before: float, after: float) -> float:
    """`date` cuts the fraction off: a second of its own is no error."""
    return min(0.0, there + 1 - before) + max(0.0, there - after)


def _free_mib(text: str) -> int | None:
    lines = text.splitlines()
    return int(lines[-1].split()[3]) // 1024 if len(lines) > 1 else None


def _pair(line: str) -> tuple[str, str]:
    reference, _, image_id = line.partition(" ")
    return reference, image_id.strip()
