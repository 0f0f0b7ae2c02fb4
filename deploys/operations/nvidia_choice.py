"""Which packages bring NVIDIA's driver to a system, and what is wrong: decisions, no host touched.

Names of packages are those of NVIDIA's driver installation guide (compute only: no X, no desktop)
and of the distributions themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from deploys.operations.docker_choice import Refusal
from deploys.operations.package_choice import Source, fits
from deploys.questions.docker import DockerSystem
from deploys.questions.nvidia import NvidiaSystem
from deploys.questions.packages import Package
from deploys.settings.nvidia import Driver, Toolkit

TOOLKIT_PACKAGES = (
    "nvidia-container-toolkit", "nvidia-container-toolkit-base", "libnvidia-container-tools",
    "libnvidia-container1",
)  # fmt: skip

# dpkg's wildcards for all that belongs to driver and toolkit, dependencies too: a library that is
# upgraded alone no longer fits the kernel module that runs.
PATTERNS = (
    "nvidia-*", "libnvidia-*", "cuda-drivers*", "libcuda1", "libcudadebugger1", "libnvcuvid1",
    "libnvoptix1", "firmware-nvidia-*", "linux-modules-nvidia-*", "xserver-xorg-video-nvidia*",
)  # fmt: skip

# Keeps the driver loaded; makes the device files.
SERVICES = ("nvidia-persistenced", "nvidia-modprobe")

# NVIDIA's folder for each distribution.
FOLDERS = {
    ("debian", "bookworm"): "debian12", ("debian", "trixie"): "debian13",
    ("ubuntu", "jammy"): "ubuntu2204", ("ubuntu", "noble"): "ubuntu2404",
}  # fmt: skip

# From this branch on NVIDIA's packages for Ubuntu no longer carry the branch in their name.
UNNUMBERED_SINCE = 590


@dataclass(frozen=True)
class DriverPackages:
    """What to install of a driver."""

    versioned: tuple[str, ...]
    """At the driver's version."""
    others: tuple[str, ...] = ()
    """At any: what the kernel module is built with."""
    extra: tuple[str, ...] = ()
    """Of the driver too, but only where apt knows them: names differ from branch to branch."""


def driver_packages(system: DockerSystem, driver: Driver, kernel: str) -> DriverPackages | Refusal:
    """The packages of the driver for this system and the kernel it runs."""
    headers: tuple[str, ...] = (f"linux-headers-{kernel}",)
    if driver.packages is not None:
        return DriverPackages(driver.packages, headers)
    is_open = driver.modules == "open"
    if system.distribution == "debian":
        # Only for the kernel after the next reboot; Ubuntu's kernels bring theirs along.
        headers = (*headers, "linux-headers-amd64")
        return _of_debian(driver.source, is_open, headers)
    branch = (driver.version or "").partition(".")[0]
    if driver.source == "nvidia":
        numbered = branch and int(branch) < UNNUMBERED_SINCE
        return _of_nvidia_for_ubuntu(f"-{branch}" if numbered else "", is_open, headers)
    if not branch:
        return Refusal(
            "Ubuntu names its drivers by branch, and none is set",
            'set nvidia = {"driver": {"version": "580", …}}: a branch that Ubuntu has',
        )
    flavour = "-open" if is_open else ""
    packages = (f"nvidia-headless-{branch}-server{flavour}", f"nvidia-utils-{branch}-server")
    return DriverPackages(packages, headers)


def _of_debian(source: str, is_open: bool, headers: tuple[str, ...]) -> DriverPackages:
    if source == "nvidia":
        module = "nvidia-kernel-open-dkms" if is_open else "nvidia-kernel-dkms"
        packages = ("nvidia-driver-cuda", module)
        return DriverPackages(packages, headers, ("nvidia-smi", *SERVICES))
    module = "nvidia-open-kernel-dkms" if is_open else "nvidia-kernel-dkms"
    others = ("libnvidia-ptxjitcompiler1", "firmware-nvidia-gsp", *SERVICES)
    return DriverPackages((module, "nvidia-smi", "libcuda1"), headers, others)


def _of_nvidia_for_ubuntu(suffix: str, is_open: bool, headers: tuple[str, ...]) -> DriverPackages:
    module = f"nvidia-dkms{suffix}" + ("-open" if is_open else "")
    versioned = (f"libnvidia-compute{suffix}", module, f"nvidia-utils{suffix}")
    return DriverPackages(versioned, headers, (f"nvidia-compute-utils{suffix}", *SERVICES))


def along(
    extra: Iterable[str], installed: Iterable[str], driver: Driver, known: dict[str, Package]
) -> dict[str, str | None]:
    """What else is to come: extras that apt knows, and all that is installed of the driver.

    apt leaves a held library where it is, and then finds that the new driver does not fit it. The
    services have versions of their own in Debian: only what has the driver's version gets it.
    """
    present = [name for name in extra if name in known and known[name].known]
    if driver.version is None:
        return dict.fromkeys(present)
    offered = [name for name in (*present, *installed) if _has(known[name], driver.version)]
    return {**dict.fromkeys(present), **dict.fromkeys(offered, driver.version)}


def _has(package: Package, version: str) -> bool:
    return any(fits(known, version) for known in package.known)


def driver_source(system: DockerSystem, driver: Driver) -> Source | Refusal:
    """NVIDIA's package source of drivers for the host's distribution."""
    folder = FOLDERS.get((system.distribution, system.codename))
    if folder is None:
        return Refusal(
            f"the kit knows no drivers of NVIDIA's for {system.distribution} {system.codename}",
            'use Debian 12/13 or Ubuntu 22.04/24.04, or another "source" in nvidia.driver',
        )
    return Source("homeport-nvidia-cuda", f"{driver.repository.rstrip('/')}/{folder}/x86_64", "/")


def toolkit_source(toolkit: Toolkit) -> Source:
    """NVIDIA's package source of the container toolkit, one for all distributions."""
    return Source(
        "homeport-nvidia-container-toolkit", f"{toolkit.repository.rstrip('/')}/amd64", "/"
    )


def pin(version: str) -> str:
    """Text of an apt preference (apt_preferences(5)): every package of the driver at one version.

    Without it apt takes the newest of the libraries that the chosen packages depend on, and stops.
    """
    packages = " ".join(pattern for pattern in PATTERNS if "container" not in pattern)
    return (
        f"Explanation: Homeport: the driver at {version} and no other.\n"
        f"Package: {packages}\nPin: version {version}*\nPin-Priority: 1001\n"
    )


def unheld(packages: dict[str, Package]) -> tuple[str, ...]:
    """Installed and not held, of what PATTERNS found."""
    return tuple(name for name, one in packages.items() if one.installed and not one.held)


def mismatch(nvidia: NvidiaSystem) -> Refusal | None:
    """Why kernel module and libraries do not work together; None when they do."""
    if " " in nvidia.library:
        return Refusal(
            f"libraries of several NVIDIA drivers are installed: {nvidia.library}",
            "remove all but one: apt's packages, or what NVIDIA's own installer put there",
        )
    if not nvidia.library:
        return Refusal(
            "no NVIDIA driver is installed",
            'let the kit install one: "source": "nvidia" or "distribution" in nvidia.driver',
        )
    if nvidia.loaded:
        return _different(nvidia) if nvidia.loaded != nvidia.library else None
    if nvidia.nouveau:
        return Refusal(
            "the kernel runs nouveau, and NVIDIA's module can't be loaded beside it",
            "nouveau is off from the next boot on: reboot the host, then apply again",
        )
    if not nvidia.on_disk:
        return Refusal(
            f"there is no NVIDIA module for the running kernel {nvidia.kernel}",
            "`dkms status` says why it was not built; after an upgrade of the kernel, reboot",
        )
    return None


def _different(nvidia: NvidiaSystem) -> Refusal:
    found = f"the kernel runs NVIDIA's module {nvidia.loaded}, the libraries are {nvidia.library}"
    if nvidia.on_disk and nvidia.on_disk != nvidia.library:
        return Refusal(
            f"{found}, and the module on disk is {nvidia.on_disk}",
            "bring the packages to one version (`dkms status`, `dpkg -l '*nvidia*'`), then reboot",
        )
    return Refusal(found, "drain its replicas and reboot the host; the kit never reboots by itself")


def cdi_is_stale(nvidia: NvidiaSystem) -> bool:
    """Whether the CDI specification is missing or names another driver's libraries."""
    return not nvidia.cdi or nvidia.cdi_driver != nvidia.library
