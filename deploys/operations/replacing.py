"""One replica on its host: its container made anew, proved, or the old one put back."""

from dataclasses import dataclass
from typing import Any

import yaml
from pyinfra.api import QuoteString, StringCommand
from pyinfra.api.host import Host

from deploys.facts.compose import ComposeServices
from deploys.facts.release import FileText
from deploys.operations import completion
from deploys.operations.engine_causes import kept_log
from deploys.operations.engine_services import replaced
from deploys.operations.host_script import SCRIPTS, run_script
from deploys.operations.manifest import engines_project, host_directory, this_release, this_run
from deploys.operations.other_host import CommandFailed, on, run
from deploys.questions.engine_answers import PATHS, Served, served
from deploys.render.release import ReplicaRollout


@dataclass(frozen=True)
class Service:
    """One engine's service on a host."""

    host: Host
    name: str

    def __str__(self) -> str:
        return f"{self.name} on {self.host.name}"

    @property
    def directory(self) -> str:
        """Where the kit keeps its files on the host."""
        return host_directory(self.host)

    @property
    def project(self) -> str:
        """Its Compose project."""
        return engines_project(self.host)

    @property
    def words(self) -> ReplicaRollout | None:
        """How it is replaced; None for one that the release does not have."""
        replicas = this_release(self.host).rollouts
        return next((one for one in replicas if one.name == self.name), None)

    @property
    def log(self) -> str:
        """Where the log of a container that failed is kept."""
        return kept_log(self.directory, self.name)

    @property
    def new_file(self) -> str:
        """The Compose file of this run's release, below the directory."""
        return f"releases/{this_run(self.host).release.release}/gpu_hosts/compose.yaml"


@dataclass(frozen=True)
class Container:
    """What runs for a service."""

    id: str
    config: str
    addresses: tuple[str, ...]
    """ADDRESS:PORT under which gateways may know it."""
    ports: tuple[int, ...] = ()
    """Published on the host's address."""


def container_of(service: Service) -> Container | None:
    """What runs for the service now; None when nothing does."""
    found = _found(service)
    if found is None or found["status"] != "running":
        return None
    words = (str(found["id"]), str(found["config"]), tuple(found["addresses"]))
    return Container(*words, ports=tuple(found["ports"]))


def _found(service: Service) -> dict[str, Any] | None:
    """The service as ComposeServices has it, in whatever state."""
    with on(service.host):
        services: dict[str, dict[str, Any]] = service.host.get_fact(
            ComposeServices, project=service.project
        )
    return services.get(service.name)


def old_file(service: Service, config: str) -> str:
    """The Compose file of a release on the host that has the service as it runs; else empty.

    By its label's hash alone, which the file quotes when it begins with a digit. Not by the link
    `current`: a run that failed half-way leaves a host on two releases.
    """
    places = QuoteString(f"{service.directory}/releases")
    command = StringCommand(
        "cd", places, "&& grep --files-with-matches --fixed-strings",
        QuoteString(config), "*/gpu_hosts/compose.yaml || true",
    )  # fmt: skip
    found = run(service.host, command).split()
    return f"releases/{sorted(found)[-1]}" if found and config else ""


def brought(service: Service, file: str, *options: str) -> str:
    """Has the service run as a Compose file says, healthy; the container's id."""
    command = replaced(service.directory, file, service.project, service.name, *options)
    return run(service.host, command).split()[-1]


def served_by(words: ReplicaRollout) -> Served:
    """What a replica of this run's release answers."""
    return Served(words.model, words.kind)


def prove(service: Service, container: str, asked: Served, steady_seconds: int) -> None:
    """Has a replica give a real answer, and again once it has run for a while.

    Raises CommandFailed; the log of its container is kept then.
    """
    _answer(service, container, asked)
    if steady_seconds:
        words = (container, str(steady_seconds), service.log)
        run(service.host, run_script(SCRIPTS / "steady-replica", *words))
        _answer(service, container, asked)


def old_served(service: Service, file: str, default: Served) -> Served:
    """What the service's engine answers as a kept Compose file says it."""
    with on(service.host):
        text = service.host.get_fact(FileText, path=f"{service.directory}/{file}")
    try:
        kept = yaml.safe_load(text)["services"][service.name]
        words, labels = [str(word) for word in kept["command"]], dict(kept.get("labels") or {})
    except (yaml.YAMLError, LookupError, TypeError):
        return default
    return served(words, labels, default.model)


def removed(service: Service) -> bool:
    """Removes the service's container, whatever it does; False where there is none."""
    found = _found(service)
    if found is None:
        return False
    name = QuoteString(str(found["id"]))
    run(service.host, StringCommand("docker stop", name, ">/dev/null && docker rm", name))
    return True


def _answer(service: Service, container: str, asked: Served) -> None:
    body = QuoteString(completion.question(asked))
    seconds = str(completion.COMPLETION_SECONDS)
    curl = StringCommand(
        "docker exec", QuoteString(container), "curl --silent --show-error --max-time", seconds,
        "--header 'Content-Type: application/json' --data", body,
        f"http://127.0.0.1:8080{PATHS[asked.kind]}",
    )  # fmt: skip
    try:
        found = completion.complaint(run(service.host, curl), asked)
    except CommandFailed as failure:
        found = f"it does not answer: {failure}"
    if found:
        log = QuoteString(service.log)
        keep = StringCommand(
            "mkdir --parents", QuoteString(f"{service.directory}/failed"), "&& docker logs",
            QuoteString(container), ">", log, "2>&1 || true",
        )  # fmt: skip
        run(service.host, keep)
        raise CommandFailed(found)
