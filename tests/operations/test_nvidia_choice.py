"""NVIDIA's packages for each distribution, and what is wrong with a driver: without a host."""

import pytest

from deploys.operations import nvidia_choice as choice
from deploys.operations.docker_choice import Refusal, refusal_for_gpus
from deploys.questions.docker import DockerSystem
from deploys.questions.nvidia import NvidiaSystem
from deploys.questions.packages import Package
from deploys.settings.nvidia import Driver, Toolkit

DEBIAN_12 = DockerSystem(distribution="debian", codename="bookworm")
DEBIAN_13 = DockerSystem(distribution="debian", codename="trixie")
UBUNTU_22 = DockerSystem(distribution="ubuntu", codename="jammy")
UBUNTU_24 = DockerSystem(distribution="ubuntu", codename="noble")
KERNEL = "6.1.0-50-amd64"
WORKING = NvidiaSystem(
    devices=2, kernel=KERNEL, loaded="580.95.05", on_disk="580.95.05", library="580.95.05"
)


def _packages(system: DockerSystem, driver: Driver) -> tuple[str, ...]:
    packages = choice.driver_packages(system, driver, KERNEL)
    assert isinstance(packages, choice.DriverPackages)
    return packages.versioned


@pytest.mark.parametrize(
    ("system", "driver", "packages"),
    [
        # NVIDIA's driver installation guide, "compute only".
        (DEBIAN_12, Driver(), ("nvidia-driver-cuda", "nvidia-kernel-open-dkms")),
        (DEBIAN_13, Driver(modules="proprietary"), ("nvidia-driver-cuda", "nvidia-kernel-dkms")),
        (UBUNTU_24, Driver(), ("libnvidia-compute", "nvidia-dkms-open", "nvidia-utils")),
        # Its table of the names that changed with branch 590.
        (
            UBUNTU_22,
            Driver(version="580.95.05"),
            ("libnvidia-compute-580", "nvidia-dkms-580-open", "nvidia-utils-580"),
        ),
        (
            UBUNTU_22,
            Driver(version="590", modules="proprietary"),
            ("libnvidia-compute", "nvidia-dkms", "nvidia-utils"),
        ),
        # Simulated by apt on Debian 12 and 13 with contrib and non-free.
        (
            DEBIAN_12,
            Driver(source="distribution"),
            ("nvidia-open-kernel-dkms", "nvidia-smi", "libcuda1"),
        ),
        # Ubuntu's server guide.
        (
            UBUNTU_24,
            Driver(source="distribution", version="580"),
            ("nvidia-headless-580-server-open", "nvidia-utils-580-server"),
        ),
        (UBUNTU_24, Driver(packages=("site-driver",)), ("site-driver",)),
    ],
)
def test_each_distribution_has_its_packages(
    system: DockerSystem, driver: Driver, packages: tuple[str, ...]
) -> None:
    assert _packages(system, driver) == packages


def test_the_module_is_built_for_the_kernel_that_runs_and_those_to_come() -> None:
    debian = choice.driver_packages(DEBIAN_12, Driver(), KERNEL)
    assert isinstance(debian, choice.DriverPackages)
    assert debian.others == (f"linux-headers-{KERNEL}", "linux-headers-amd64")


def test_ubuntus_own_driver_needs_a_branch() -> None:
    refusal = choice.driver_packages(UBUNTU_22, Driver(source="distribution"), KERNEL)
    assert isinstance(refusal, Refusal)
    assert '"version": "580"' in refusal.hint


@pytest.mark.parametrize(
    ("system", "folder"),
    [(DEBIAN_12, "debian12"), (DEBIAN_13, "debian13"), (UBUNTU_22, "ubuntu2204"),
     (UBUNTU_24, "ubuntu2404")],
)  # fmt: skip
def test_nvidias_source_is_that_of_the_distribution(system: DockerSystem, folder: str) -> None:
    source = choice.driver_source(system, Driver())
    assert not isinstance(source, Refusal)
    assert source.uri.endswith(f"/cuda/repos/{folder}/x86_64")
    assert choice.toolkit_source(Toolkit()).uri.endswith("/stable/deb/amd64")


def test_a_distribution_that_nvidia_does_not_serve_is_refused() -> None:
    refusal = choice.driver_source(DockerSystem(distribution="debian", codename="forky"), Driver())
    assert isinstance(refusal, Refusal)


def test_services_with_versions_of_their_own_come_along_at_any() -> None:
    # Debian 12's own, as apt knows them.
    known = {
        "libcuda1": Package(installed="535.247.01-1", known=("535.261.03-1",)),
        "nvidia-persistenced": Package(known=("535.171.04-1~deb12u1",)),
    }
    driver = Driver(source="distribution", version="535.261.03")
    extra = ("nvidia-persistenced", "firmware-nvidia-gsp")
    assert choice.along(extra, ("libcuda1",), driver, known) == {
        "nvidia-persistenced": None,
        "libcuda1": "535.261.03",
    }


def test_the_pin_is_about_the_driver_alone() -> None:
    text = choice.pin("580.95.05")
    assert "Pin: version 580.95.05*\nPin-Priority: 1001" in text
    assert "libcuda1" in text


def test_a_module_and_libraries_of_one_version_fit() -> None:
    assert choice.mismatch(WORKING) is None


@pytest.mark.parametrize(
    ("changes", "error", "hint"),
    [
        (
            {"library": "590.48.01", "on_disk": "590.48.01"},
            "the kernel runs NVIDIA's module 580.95.05, the libraries are 590.48.01",
            "reboot the host; the kit never reboots by itself",
        ),
        (
            {"library": "590.48.01", "on_disk": "580.95.05"},
            "and the module on disk is 580.95.05",
            "to one version",
        ),
        ({"library": "580.95.05 590.48.01"}, "libraries of several NVIDIA drivers", "all but one"),
        ({"library": ""}, "no NVIDIA driver is installed", '"source": "nvidia"'),
        ({"loaded": "", "nouveau": True}, "the kernel runs nouveau", "reboot the host"),
        ({"loaded": "", "on_disk": ""}, f"for the running kernel {KERNEL}", "`dkms status`"),
    ],
)
def test_a_driver_that_cannot_work_is_named_with_what_helps(
    changes: dict[str, object], error: str, hint: str
) -> None:
    refusal = choice.mismatch(NvidiaSystem(**{**vars(WORKING), **changes}))
    assert refusal is not None
    assert error in refusal.error
    assert hint in refusal.hint


def test_a_module_that_is_only_not_loaded_yet_is_no_mismatch() -> None:
    assert choice.mismatch(NvidiaSystem(**{**vars(WORKING), "loaded": ""})) is None


def test_a_specification_is_stale_without_the_driver_that_is_there() -> None:
    assert choice.cdi_is_stale(WORKING)
    fresh = {**vars(WORKING), "cdi": "/run/cdi/nvidia.yaml", "cdi_driver": "580.95.05"}
    assert not choice.cdi_is_stale(NvidiaSystem(**fresh))
    assert choice.cdi_is_stale(NvidiaSystem(**{**fresh, "cdi_driver": "570.86.10"}))


@pytest.mark.parametrize("engine", ["20.10.24+dfsg1", "24.0.7", "20.10.24+dfsg1-1+deb12u1+b6"])
def test_an_engine_without_cdi_is_refused_for_gpus_with_the_setting_that_helps(engine: str) -> None:
    refusal = refusal_for_gpus(engine)
    assert refusal is not None
    assert engine in refusal.error
    assert '{"source": "docker"}' in refusal.hint


@pytest.mark.parametrize("engine", ["25.0.0", "26.1.5+dfsg1", "5:28.5.2-1~debian.12~bookworm", ""])
def test_an_engine_with_cdi_or_none_yet_is_not_refused(engine: str) -> None:
    assert refusal_for_gpus(engine) is None
