"""The NVIDIA driver and container toolkit of a host."""

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from deploys.settings.docker import CommittedFile, FromList, PackageVersion, Uri
from deploys.settings.words import Frozen

# A branch or a whole version: `580`, `580.95.05`.
DriverVersion = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{2}(\.[0-9]{1,3}){0,2}$")]
PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]


class Driver(Frozen):
    """The kernel module and the libraries that belong to it."""

    source: Literal["nvidia", "distribution", "installed"] = "nvidia"
    """NVIDIA's package source, the distribution's own packages, or `installed`: whatever is on the
    host stays and is only checked."""
    modules: Literal["open", "proprietary"] = "open"
    """NVIDIA's open kernel modules are the only ones for Blackwell and Grace Hopper, and the
    recommended ones from Turing on; Maxwell, Pascal and Volta need the proprietary ones."""
    version: DriverVersion | None = None
    """Branch (`580`) or version (`580.95.05`). When left out: the newest at the first apply. In any
    case it is held from then on."""
    packages: Annotated[tuple[PackageName, ...], FromList] | None = None
    """Replaces the kit's own list of packages, where a site or a later driver names them
    differently."""
    repository: Uri = "https://developer.download.nvidia.com/compute/cuda/repos"
    """NVIDIA's package source or a mirror of it; distribution and architecture are added."""
    key: CommittedFile = "deploys/keys/nvidia-cuda.asc"

    @model_validator(mode="after")
    def _installed_says_nothing_else(self) -> "Driver":
        if self.source == "installed" and (self.version or self.packages):
            raise ValueError('neither version nor packages with "source": "installed"')
        return self


class Toolkit(Frozen):
    """NVIDIA's container toolkit: makes the CDI specification that Docker hands GPUs out by."""

    version: PackageVersion = "1.20.0"
    """Of all four packages. From 1.18 on it renews the CDI specification by itself at each boot."""
    repository: Uri = "https://nvidia.github.io/libnvidia-container/stable/deb"
    key: CommittedFile = "deploys/keys/nvidia-container-toolkit.asc"


class Nvidia(Frozen):
    """Only for hosts with an NVIDIA device; the others are left as they are."""

    managed: bool | None = None
    """Whether the kit installs and keeps driver and toolkit; when left out: on hosts reached over
    SSH, not on this machine (`@local`)."""
    driver: Driver = Driver()
    toolkit: Toolkit = Toolkit()
