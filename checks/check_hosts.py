"""Each host: Docker, clock and disk; its containers alive, as committed, with least privilege."""

from collections.abc import Callable, Iterable, Iterator

from checks.causes import Causes
from checks.fleet import Deployed
from checks.probes.containers import CONFIG, Container
from checks.probes.drift import unexplained_ports
from checks.verdict import none_of, require

# Certificates, log times and rate limits hold with this much; NTP keeps a host within 0.1 s.
CLOCK_SECONDS = 5
# Room for logs and for the next release; images and models bring their own check before a deploy.
FREE_MIB = 1024
# One restart is an accident that is over; a loop goes on and doubles Docker's waiting time.
RESTARTS = 3


def check_docker_answers(deployed: Deployed) -> None:
    """Everything else here is asked through Docker."""
    require(
        deployed.live.docker_answers,
        f"Docker does not answer: {deployed.live.docker or 'no word from it'}",
        "start it (`systemctl start docker`), and let the connecting user into the group docker",
    )


def check_the_clock_is_right(deployed: Deployed) -> None:
    """Against the clock of the machine that asks."""
    ahead = deployed.live.clock_ahead_seconds
    require(
        abs(ahead) <= CLOCK_SECONDS,
        f"the clock is {abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'}",
        "switch time synchronisation on (`timedatectl set-ntp true`), there or here",
    )


def check_the_disk_has_room(deployed: Deployed) -> None:
    """Where the kit keeps its files."""
    free = deployed.live.free_mib
    require(free is not None, "the kit's directory does not exist", "homeport apply makes it")
    require(
        free is None or free >= FREE_MIB,
        f"only {free} MiB are free where the kit keeps its files; {FREE_MIB} MiB are the least",
        "remove old models and releases, or `docker system df` shows what Docker holds",
    )


def check_every_service_runs(deployed: Deployed, causes: Causes) -> None:
    """One running container for each committed service."""
    ended = [
        (service, container)
        for service, container in _services(deployed)
        if container is None or container.status != "running"
    ]
    missing = [f"{name}: {c.status + _last_words(c) if c else 'no container'}" for name, c in ended]
    remedy = "`docker logs` says why it ended; homeport apply starts it"
    none_of(missing, "not running", remedy, _why(deployed, causes, ended))


def check_every_container_is_healthy(deployed: Deployed, causes: Causes) -> None:
    """By its own health check, which asks the engine or nginx itself."""
    ill = [
        (service, container)
        for service, container in _services(deployed)
        if container is not None and container.status == "running" and container.health != "healthy"
    ]
    found = [
        f"{service}: {container.health or 'has no health check'}" for service, container in ill
    ]
    remedy = "`docker inspect` shows the health check's output; `docker logs` what the service says"
    none_of(found, "not healthy", remedy, _why(deployed, causes, ill))


def check_containers_run_the_committed_configuration(deployed: Deployed) -> None:
    """The label that Compose gave the container against the one in the commit."""
    wanted = {
        service: config
        for project in deployed.committed.release.projects
        for service, config in project.services.items()
    }
    other = [
        f"{service}: started from {container.labels.get(CONFIG, 'an unlabelled file')[:12]}, "
        f"committed is {wanted[service][:12]}"
        for service, container in _services(deployed)
        if container is not None and container.labels.get(CONFIG) != wanted[service]
    ]
    none_of(other, "not on the committed configuration", "homeport apply replaces exactly these")


def check_no_container_restarts_in_a_loop(deployed: Deployed, causes: Causes) -> None:
    """Docker counts restarts since the container was made."""
    looping = _named(deployed, lambda c: c.status == "restarting" or c.restart_count >= RESTARTS)
    found = [f"{name}: {c.restart_count} restarts{_last_words(c)}" for name, c in looping]
    remedy = "`docker logs` shows the last words before each end"
    none_of(found, "ends again and again", remedy, _why(deployed, causes, looping))


def check_no_container_was_killed_for_memory(deployed: Deployed) -> None:
    """The kernel's out-of-memory killer, inside the container's own limit."""
    killed = [
        f"{name}: limit {container.memory_limit_bytes // 2**20} MiB"
        for name, container in _named(deployed, lambda c: c.oom_killed)
    ]
    remedy = "fewer slots or a shorter context in the pool; `homeport plan` shows the sum"
    none_of(killed, "killed by the kernel for want of memory", remedy)


def check_no_container_is_privileged(deployed: Deployed) -> None:
    """Neither privileged nor inside one of the host's own namespaces."""
    found = [
        f"{name}: {', '.join(shared)}"
        for name, c in _named(deployed, lambda _: True)
        if (shared := ["privileged"] * c.privileged + _shared_namespaces(deployed, c))
    ]
    remedy = "remove `privileged` and `host` modes: nothing of the kit needs them"
    none_of(found, "shares what belongs to the host", remedy)


def check_no_container_holds_the_docker_socket(deployed: Deployed) -> None:
    """Whoever holds it is root on the host."""
    found = _named(deployed, lambda c: any(path.endswith("/docker.sock") for path in c.mounts))
    remedy = "remove the mount: whoever can talk to Docker is root on the host"
    none_of((name for name, _ in found), "has docker.sock mounted", remedy)


def check_no_container_can_gain_privileges(deployed: Deployed) -> None:
    """no-new-privileges, every capability dropped, none added."""
    found = [
        f"{name}: {', '.join(gaps)}"
        for name, container in _named(deployed, lambda _: True)
        if (gaps := list(_privilege_gaps(container)))
    ]
    remedy = "homeport apply restores `no-new-privileges` and `cap_drop: [ALL]` of the templates"
    none_of(found, "could gain privileges", remedy)


def check_no_container_runs_as_root(deployed: Deployed) -> None:
    """Root in a container is root on the host for the kernel."""
    found = _named(deployed, lambda c: c.user.split(":")[0] in ("", "0", "root"))
    remedy = "homeport apply restores `user: 10001:10001` of the templates"
    none_of((name for name, _ in found), "runs as root", remedy)


def check_no_container_can_write_to_its_own_image(deployed: Deployed) -> None:
    """A read-only root file system; what must be written goes to a tmpfs or a volume."""
    found = _named(deployed, lambda c: not c.read_only)
    remedy = "homeport apply restores `read_only: true` of the templates"
    none_of((name for name, _ in found), "has a writable root file system", remedy)


def check_only_the_gateway_is_published(deployed: Deployed) -> None:
    """By what Docker publishes for the environment's containers: beyond loopback, the gateway's
    own, engines' ports for gateways of other hosts, and what is watched from there.

    Programs of the host, containers of others and the host's own network are not looked at.
    """
    release = deployed.committed.release
    found = [
        f"{name}: {port}"
        for name, container in _named(deployed, lambda _: True)
        for port in unexplained_ports(release, container)
    ]
    remedy = "homeport apply closes it: clients go through the gateway, which asks for their key"
    none_of(found, "reachable from outside the host", remedy)


def _services(deployed: Deployed) -> Iterator[tuple[str, Container | None]]:
    for project in deployed.committed.release.projects:
        for service in sorted(project.services):
            yield service, deployed.live.of(project.name, service)


def _named(
    deployed: Deployed, is_found: Callable[[Container], bool]
) -> list[tuple[str, Container]]:
    """Every container of the environment, committed or not, that `is_found` picks."""
    return [(c.service, c) for c in deployed.live.containers if is_found(c)]


def _shared_namespaces(deployed: Deployed, container: Container) -> list[str]:
    """Of the host's, but for the network of engines that are one replica with those of others."""
    groups = deployed.committed.release.groups
    own = {"network"} if groups and container.service in groups.services else set[str]()
    return [name for name in container.host_namespaces if name not in own]


def _why(
    deployed: Deployed, causes: Causes, ill: Iterable[tuple[str, Container | None]]
) -> list[str]:
    return causes(deployed.committed.host.name, (container for _, container in ill))


def _last_words(container: Container) -> str:
    return f" (exit code {container.exit_code})" if container.exit_code else ""


def _privilege_gaps(container: Container) -> Iterator[str]:
    options = [option.replace("=", ":") for option in container.security_options]
    if not {"no-new-privileges", "no-new-privileges:true"} & set(options):
        yield "no-new-privileges is off"
    if not {"ALL", "CAP_ALL"} & {name.upper() for name in container.dropped_capabilities}:
        yield "keeps Docker's default capabilities"
    if container.added_capabilities:
        yield f"has {', '.join(container.added_capabilities)}"
