"""Files of the repository that settings name: keys of package sources, certificates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploys.settings.connection import Connection
from deploys.settings.docker import Docker
from deploys.settings.nvidia import Nvidia
from deploys.settings.refusal import Complaint


def missing_files(
    root: Path, data: Mapping[str, Any], docker: Docker, nvidia: Nvidia, connection: Connection
) -> list[Complaint]:
    """A complaint, without its file, for each file that a host needs and the repository lacks.

    `data` is what the inventory says about the host: what it does not mention has its default.
    """
    of_nvidia = _of_nvidia(nvidia) if "nvidia" in data else ()
    named = [*_of_docker(docker), *of_nvidia, *_of_connection(connection)]
    return [
        Complaint("", path, f"there is no file {file}", "commit it; paths begin at the root")
        for path, file in named
        if not (root / Path(file).expanduser()).is_file()
    ]


def _of_docker(docker: Docker) -> Iterator[tuple[str, str]]:
    if docker.source == "docker":
        yield "docker.key", docker.key
    for registry, file in docker.daemon.registry_authorities.items():
        yield f"docker.daemon.registry_authorities.{registry}", file


def _of_nvidia(nvidia: Nvidia) -> Iterator[tuple[str, str]]:
    if nvidia.driver.source == "nvidia":
        yield "nvidia.driver.key", nvidia.driver.key
    yield "nvidia.toolkit.key", nvidia.toolkit.key


def _of_connection(connection: Connection) -> Iterator[tuple[str, str]]:
    # The known hosts may be made by the first connection.
    if connection.ssh_config_file is not None:
        yield "ssh_config_file", connection.ssh_config_file
    if connection.ssh_strict_host_key_checking == "yes" and connection.ssh_known_hosts_file:
        yield "ssh_known_hosts_file", connection.ssh_known_hosts_file
