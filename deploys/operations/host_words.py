"""What the inventory says about Docker and NVIDIA on a host, for deploys.

Deploys never evaluate the settings as a whole; these two words are about how a host is set up, not
about what runs on it, so they are read where they are needed, by the same strict models.
"""

from typing import TypeVar

from pydantic import ValidationError
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host

from deploys.operations.refusal_words import REFUSED
from deploys.settings.docker import Docker, decides
from deploys.settings.nvidia import Nvidia
from deploys.settings.validation import complaints_of
from deploys.settings.words import Frozen

Words = TypeVar("Words", bound=Frozen)


def docker_words(host: Host) -> Docker:
    """The host's `docker`, or all defaults."""
    return _words(host, "docker", Docker)


def nvidia_words(host: Host) -> Nvidia:
    """The host's `nvidia`, or all defaults."""
    return _words(host, "nvidia", Nvidia)


def manages_daemon(host: Host) -> bool:
    """Whether the kit writes the host's daemon.json."""
    return decides(docker_words(host).daemon.managed, str(host.name))


def manages_nvidia(host: Host) -> bool:
    """Whether the kit brings and keeps the host's NVIDIA driver and toolkit."""
    return decides(nvidia_words(host).managed, str(host.name))


def _words(host: Host, key: str, model: type[Words]) -> Words:
    try:
        return model.model_validate(host.data.get(key, {}), strict=True)
    except ValidationError as error:
        complaints = complaints_of(error, "inventories", model, prefix=f"{host.name}.{key}")
        lines = [f"{host.name}: {REFUSED}", *map(str, complaints)]
        raise DeployError("\n".join(lines)) from None
