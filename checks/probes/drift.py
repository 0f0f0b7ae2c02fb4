"""A host as it is against the commit: every difference, none of them judged."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.committed import Committed
from checks.probes.containers import CONFIG, Container
from checks.probes.file_drift import file_differences, short
from checks.probes.live import Live
from checks.probes.setup_drift import Differences, setup_differences
from deploys.questions.keepalived import keepalived_differences
from deploys.questions.service import differences
from deploys.questions.watch import watch_differences
from deploys.render.keepalived import keepalived_digests
from deploys.render.release import Project, Release
from deploys.settings.words import bracketed, stands_in_for

# `starting` becomes one or the other by itself; an apply leaves it alone as well.
_HEALTHY = (None, "healthy", "starting")


@dataclass(frozen=True, order=True)
class Finding:
    """One difference."""

    host: str
    what: str
    committed: str
    live: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.host}: {self.what}: committed {self.committed}, live {self.live}"


def drift(committed: Committed, live: Live) -> list[Finding]:
    """Every difference between a host and its commit, sorted; empty when there is none."""
    release = committed.release
    mends = f"homeport apply {release.environment}"
    pairs = [
        *_links(release, live),
        *file_differences(committed, live),
        *_models(release, live),
        *_network(release, live),
        *_services(committed, live),
        *_published(release, live),
        *_revision(release, live),
        *_keepalived(release, live),
        *_watch(release, live),
    ]
    by_hand = [*_extra(release.projects, live), *setup_differences(committed, live)]
    found = {Finding(live.host, *pair, mends) for pair in pairs}
    return sorted(found | {Finding(live.host, *one[:3], one[3] or mends) for one in by_hand})


_Pairs = Iterator[tuple[str, str, str]]


def _links(release: Release, live: Live) -> _Pairs:
    links = {"link current": (f"releases/{release.release}", live.current)}
    if release.gateway is not None:
        nginx = f"../releases/{release.release}/nginx"
        links["link gateway/current"] = (nginx, live.gateway_current)
    if release.monitors is not None:
        files = f"../releases/{release.release}/monitors"
        links["link monitors/current"] = (files, live.monitors_current)
    for what, (wanted, found) in links.items():
        if wanted != found:
            yield what, wanted, found or "missing"


def _models(release: Release, live: Live) -> _Pairs:
    for model in release.models:
        for file in model.files:
            what = f"model {model.name}: {file.name}"
            size = live.model_bytes.get(file.sha256)
            if size != file.size_bytes:
                yield what, f"{file.size_bytes} bytes", f"{size} bytes" if size else "missing"
                continue
            digest = live.model_digests.get(file.sha256, file.sha256)
            if digest != file.sha256:
                yield what, short(file.sha256), short(digest)


def _network(release: Release, live: Live) -> _Pairs:
    if live.docker_answers and not live.has_network:
        yield f"network {release.network}", "present", "missing"


def _services(committed: Committed, live: Live) -> _Pairs:
    if not live.docker_answers:
        yield "Docker", "answers", live.docker or "does not answer"
        return
    for project in committed.release.projects:
        for service, config in sorted(project.services.items()):
            what = f"service {service}"
            container = live.of(project.name, service)
            if container is None:
                yield what, "running", "missing"
                continue
            yield from _container(what, config, container)
            yield from _image(what, container, live)
            rendered = committed.services.get(service, {})
            for part, wanted, found in differences(rendered, container.inspected):
                yield f"{what}: {part}", wanted, found


def _container(what: str, config: str, container: Container) -> _Pairs:
    if container.status != "running":
        yield what, "running", f"{container.status} (exit code {container.exit_code})"
    elif container.health not in _HEALTHY:
        yield what, "healthy", str(container.health)
    label = container.labels.get(CONFIG, "")
    if label != config:
        yield f"{what}: configuration", short(config), short(label) or "without label"


def _image(what: str, container: Container, live: Live) -> _Pairs:
    """The bytes that run against those that the reference names on the host now."""
    image_id = live.image_ids.get(container.image)
    if image_id is not None and container.image_id != image_id:
        name = f"{what}: image {container.image}"
        yield name, short(image_id) or "gone", short(container.image_id)


def _extra(projects: tuple[Project, ...], live: Live) -> Differences:
    """Containers that no committed service explains: other services, or one service twice."""
    explained = {
        container.id
        for project in projects
        for service in project.services
        if (container := live.of(project.name, service)) is not None
    }
    names = {project.name for project in projects}
    for container in live.containers:
        if container.id not in explained:
            # An apply removes what lies in its Compose projects, and nothing else.
            known = container.project in names
            remedy = "" if known else f"docker rm --force {container.name}, on {live.host}"
            replica = stands_in_for(container.service)
            if known and replica:
                yield f"stand-in of {replica}", "only while it is replaced", container.status, ""
                continue
            yield f"container {container.name}", "no such container", container.status, remedy


def _published(release: Release, live: Live) -> _Pairs:
    for container in live.containers:
        for port in unexplained_ports(release, container):
            yield f"service {container.service}: port {port}", "not published", "published"


def unexplained_ports(release: Release, container: Container) -> list[str]:
    """ADDRESS:PORT beyond loopback, but for gateways' listeners, engines, and what is watched."""
    explained = set()
    if release.gateway is not None and container.service == release.gateway.service:
        explained = {release.gateway.listen, release.gateway.shared}
    elif release.gateway is not None and container.service == "acme":
        explained = {release.gateway.challenge}
    elif release.engines is not None and "homeport.pool" in container.labels:
        address = bracketed(release.engines.address)
        explained = {f"{address}:{port}" for port in release.engines.ports}
    explained |= {release.monitored.get(container.service, "")}
    published = [str(port) for port in container.published if not port.is_loopback]
    return [port for port in published if port not in explained]


def _revision(release: Release, live: Live) -> _Pairs:
    gateway = release.gateway
    if gateway is not None and live.revision != gateway.revision:
        found = short(live.revision) or "does not answer"
        yield "gateway: loaded revision", short(gateway.revision), found


def _keepalived(release: Release, live: Live) -> _Pairs:
    if release.gateway is not None and release.gateway.shared:
        yield from keepalived_differences(keepalived_digests(release.files), live.keepalived)


def _watch(release: Release, live: Live) -> _Pairs:
    watch = release.watch
    wanted = watch.digests(release.files) if watch else {}
    yield from watch_differences(wanted, watch.started if watch else (), live.watch)
