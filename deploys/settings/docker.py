"""Where a host's Docker comes from, and how its daemon is set up."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from deploys.settings.words import Frozen

# The beginning of a package's version: `28.5.2`, `5:28.5.2-1~debian.12~bookworm`.
PackageVersion = Annotated[str, StringConstraints(pattern=r"^[0-9][A-Za-z0-9.+~:-]{0,99}$")]
# A file of this repository, from its root; committed, so that it is reviewed. No part is `..`.
CommittedFile = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.-]*[A-Za-z0-9_-](/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*$"),
]
Uri = Annotated[str, StringConstraints(pattern=r"^(https?://|file:/)[^\s'\"]+$")]
Mirror = Annotated[str, StringConstraints(pattern=r"^https?://[^\s'\"]+$")]
# As it stands before the first slash of an image's name.
Registry = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?$")
]


def _tuple(value: object) -> object:
    """A list, which JSON makes of every tuple, as the tuple that it was."""
    return tuple(value) if isinstance(value, list) else value


FromList = BeforeValidator(_tuple)


class Daemon(Frozen):
    """What the kit says in /etc/docker/daemon.json; what it does not say stays as it is there."""

    managed: bool | None = None
    """Whether the kit changes that file at all; when left out: on hosts reached over SSH, not on
    this machine (`@local`), whose daemon is its owner's."""
    log_max_size_mib: Annotated[int, Field(ge=1, le=10240)] | None = 50
    """Largest log file of a container; Docker's default has no limit and fills the disk. `None`
    leaves logging alone."""
    log_files: Annotated[int, Field(ge=1, le=100)] = 3
    """How many of them each container keeps."""
    live_restore: bool = True
    """Containers go on while the daemon is restarted or updated; Docker's default stops them."""
    registry_mirrors: Annotated[tuple[Mirror, ...], FromList] | None = None
    """Tried before Docker Hub; `[]` takes those away that are there."""
    insecure_registries: Annotated[tuple[Registry, ...], FromList] | None = None
    """Registries without TLS or with an unknown certificate; better is `registry_authorities`."""
    registry_authorities: dict[Registry, CommittedFile] = Field(default_factory=dict)
    """Certificate of the authority (PEM, committed) that signed a private registry's own."""


class Docker(Frozen):
    """The host's Docker Engine and Compose."""

    source: Literal["distribution", "docker"] = "distribution"
    """`docker` is Docker's own package source; Debian 12 needs it on hosts with GPUs."""
    version: PackageVersion | None = None
    """Of docker-ce and docker-ce-cli, such as `28.5.2`; they are held there. Only with source
    `docker`, like the next two."""
    containerd_version: PackageVersion | None = None
    compose_version: PackageVersion | None = None
    repository: Uri = "https://download.docker.com/linux"
    """Docker's package source or a mirror of it; the distribution's name is added."""
    key: CommittedFile = "deploys/keys/docker.asc"
    """What that source is signed with."""
    daemon: Daemon = Daemon()

    @model_validator(mode="after")
    def _versions_are_of_dockers_own_packages(self) -> "Docker":
        given = self.version or self.containerd_version or self.compose_version
        if given and self.source == "distribution":
            raise ValueError('versions only together with "source": "docker"')
        return self


def decides(word: bool | None, connection: str) -> bool:
    """Whether the kit manages a thing: as the inventory says, else on hosts over SSH only."""
    if word is not None:
        return word
    return not connection.startswith("@") or connection.startswith("@ssh/")
