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
from deploys.questions.engine_answers import LISTENS_LABEL, PATHS, PORT, Served, served
from deploys.render.release import ReplicaRollout
from deploys.settings.yaml_text import loaded


@dataclass(frozen=True)
class Service:
    """One engine's service on a host."""

    host: Host
    name: str
    behind: tuple["Service", ...] = ()
    """Of a replica on several hosts: those on the further ones, in the order of ranks."""

    @property
    def everywhere(self) -> tuple["Service", ...]:
        """One for each of its hosts, in the order of ranks."""
        return (self, *self.behind)

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
    listens: str = ""
    """ADDRESS:PORT, where it is on the host's own network."""


def container_of(service: Service) -> Container | None:
    """What runs for the service now; None when nothing does."""
    there = found(service)
    if there is None or there["status"] != "running":
        return None
    words = (str(there["id"]), str(there["config"]), tuple(there["addresses"]))
    return Container(*words, ports=tuple(there["ports"]), listens=str(there["listens"]))


def found(service: Service) -> dict[str, Any] | None:
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
    files = run(service.host, command).split()
    return f"releases/{sorted(files)[-1]}" if files and config else ""


def old_files(service: Service, config: str) -> tuple[str, ...]:
    """The same for each of its hosts, in the order of ranks; empty where nothing runs."""
    behind = (found(one) or {} for one in service.behind)
    pairs = zip(service.behind, behind, strict=True)
    others = (old_file(one, str(there.get("config", ""))) for one, there in pairs)
    return (old_file(service, config), *others)


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
    try:
        kept = _kept(service, file)
        words, labels = [str(word) for word in kept["command"]], dict(kept.get("labels") or {})
    except (yaml.YAMLError, LookupError, TypeError):
        return default
    return served(words, labels, default.model)


def rendered_listener(service: Service, file: str) -> str:
    """ADDRESS:PORT of an engine on the host's own network, as a Compose file there says it."""
    try:
        return str(_kept(service, file)["labels"].get(LISTENS_LABEL, ""))
    except (yaml.YAMLError, LookupError, TypeError):
        return ""


def _kept(service: Service, file: str) -> dict[str, Any]:
    """The service in a Compose file below the directory."""
    with on(service.host):
        text = service.host.get_fact(FileText, path=f"{service.directory}/{file}")
    kept: dict[str, Any] = loaded(text)["services"][service.name]
    return kept


def removed(service: Service) -> bool:
    """Removes the service's container, whatever it does; False where there is none."""
    there = found(service)
    if there is None:
        return False
    name = QuoteString(str(there["id"]))
    run(service.host, StringCommand("docker stop", name, ">/dev/null && docker rm", name))
    return True


def _answer(service: Service, container: str, asked: Served) -> None:
    body = QuoteString(completion.question(asked))
    seconds = str(completion.COMPLETION_SECONDS)
    label = QuoteString(f'{{{{index .Config.Labels "{LISTENS_LABEL}"}}}}')
    curl = StringCommand(
        "listens=$(docker inspect --format", label, QuoteString(container), ");",
        "docker exec", QuoteString(container), "curl --silent --show-error --max-time", seconds,
        "--header 'Content-Type: application/json' --data", body,
        f'"http://${{listens:-127.0.0.1:{PORT}}}{PATHS[asked.kind]}"',
    )  # fmt: skip
    try:
        wrong = completion.complaint(run(service.host, curl), asked)
    except CommandFailed as failure:
        wrong = f"it does not answer: {failure}"
    if wrong:
        log = QuoteString(service.log)
        keep = StringCommand(
            "mkdir --parents", QuoteString(f"{service.directory}/failed"), "&& docker logs",
            QuoteString(container), ">", log, "2>&1 || true",
        )  # fmt: skip
        run(service.host, keep)
        raise CommandFailed(wrong)
