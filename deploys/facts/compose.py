"""What Docker Compose runs on a host."""

import json
from collections.abc import Iterator
from typing import Any

import yaml
from pyinfra.api import FactBase, FactProcessError, QuoteString, StringCommand

from deploys.questions.engine_answers import LISTENS_LABEL
from deploys.questions.service import differences
from deploys.settings.words import bracketed
from deploys.settings.yaml_text import loaded

# Where the containers end and the rendered file begins.
_FILE = "@@homeport@@ compose.yaml"


class ComposeServices(FactBase[dict[str, dict[str, Any]]]):
    """The containers of a Compose project by service: id, status, health, config, differs, …

    `docker compose ps` changed its JSON between versions; `docker container inspect` did not.
    """

    default = dict

    def command(self, project: str, directory: str = "") -> StringCommand:
        """One round trip, and an empty project without Docker.

        With the `directory` of its compose.yaml, containers are compared with what stands there.
        """
        label = f"label=com.docker.compose.project={project}"
        file = QuoteString(f"{directory}/compose.yaml")
        return StringCommand(
            "ids=$(docker ps --all --quiet --no-trunc --filter",
            QuoteString(label),
            '2>/dev/null || true); if [ -n "$ids" ]; then docker container inspect $ids;',
            "else echo '[]'; fi",
            *((f"; echo; echo '{_FILE}'; cat", file, "2>/dev/null || true") if directory else ()),
        )

    def process(self, output: list[str]) -> dict[str, dict[str, Any]]:
        """`docker container inspect` as a mapping by service."""
        inspected, _, file = "\n".join(output).partition(_FILE)
        try:
            containers = json.loads(inspected)
            services = (loaded(file) or {}).get("services", {})
        except (ValueError, AttributeError, yaml.YAMLError) as error:
            raise FactProcessError("docker container inspect did not print JSON") from error
        return {
            name: _service(container, services.get(name, {}))
            for container in containers
            for name in [container["Config"]["Labels"]["com.docker.compose.service"]]
        }


class NetworkExists(FactBase[bool]):
    """Whether a Docker network of this name exists; False without Docker."""

    default = bool

    def command(self, network: str) -> StringCommand:
        """Silent when it is missing."""
        return StringCommand(
            "docker network inspect --format '{{.Name}}'", QuoteString(network),
            "2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> bool:
        """The name, when it exists."""
        return any(output)


class NetworkLetsOut(FactBase[bool | None]):
    """Whether containers on a Docker network reach what lies beyond the host; None without it."""

    @staticmethod
    def default() -> None:
        return None

    def command(self, network: str) -> StringCommand:
        """Docker masquerades unless the network says otherwise."""
        option = '{{index .Options "com.docker.network.bridge.enable_ip_masquerade"}}'
        return StringCommand(
            "docker network inspect --format", QuoteString(f"masquerade={option}"),
            QuoteString(network), "2>/dev/null || true",
        )  # fmt: skip

    def process(self, output: list[str]) -> bool | None:
        """Anything but `false`, when there is a network."""
        found = [line for line in output if line.startswith("masquerade=")]
        return found[0] != "masquerade=false" if found else None


def _service(container: dict[str, Any], rendered: dict[str, Any]) -> dict[str, Any]:
    labels = container["Config"]["Labels"]
    return {
        "id": container["Id"],
        "status": container["State"]["Status"],
        "health": (container["State"].get("Health") or {}).get("Status"),
        "config": labels.get("homeport.config-sha256", ""),
        "differs": any(differences(rendered, container)) if rendered else False,
        "directory": labels.get("com.docker.compose.project.working_dir", ""),
        "addresses": sorted(_addresses(container)),
        "ports": sorted(int(one.rpartition(":")[2]) for one in _published(container)),
        "listens": labels.get(LISTENS_LABEL, ""),
    }


def _published(container: dict[str, Any]) -> Iterator[str]:
    """ADDRESS:PORT of the host; of an engine on the host's own network where that listens."""
    bindings = container["HostConfig"].get("PortBindings") or {}
    for binding in bindings.values():
        yield from (f"{bracketed(one['HostIp'])}:{one['HostPort']}" for one in binding)
    listens = container["Config"]["Labels"].get(LISTENS_LABEL)
    if listens:
        yield listens


def _addresses(container: dict[str, Any]) -> Iterator[str]:
    """ADDRESS:PORT under which a gateway may reach an engine: published, or on a network."""
    yield from _published(container)
    networks = container.get("NetworkSettings", {}).get("Networks") or {}
    yield from (f"{one['IPAddress']}:8080" for one in networks.values() if one.get("IPAddress"))
