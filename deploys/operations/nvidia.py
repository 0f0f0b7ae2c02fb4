"""Brings NVIDIA's driver and container toolkit to a host that has such a device, and keeps them.

Facts are asked again between commands, as in docker_engine. `is_wanted` comes first: the operations
themselves take it that there is a device.
"""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation

from deploys.facts.docker import DockerHost
from deploys.facts.nvidia import NvidiaHost
from deploys.facts.once import once
from deploys.facts.packages import Packages
from deploys.operations import nvidia_choice as choice
from deploys.operations.host_files import written
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.nvidia_files import kept_files
from deploys.operations.nvidia_packages import install_driver, install_toolkit
from deploys.settings.nvidia import Driver, Toolkit

Commands = Generator[StringCommand | FunctionCommand, None, None]


def is_wanted(managed: bool) -> bool:
    """Whether the host has an NVIDIA device that is the kit's business; says it when not.

    Asked while pyinfra still prepares: what is on the PCI bus does not change in a run.
    """
    if once(host, NvidiaHost).devices == 0:
        host.log("no NVIDIA device on this host: no driver, no container toolkit")
        return False
    if not managed:
        host.log("NVIDIA's driver and container toolkit are left as they are (nvidia.managed)")
    return managed


@operation()
def driver(words: Driver) -> Commands:
    """
    Have the NVIDIA driver that the inventory names installed.

    + words: the host's ``nvidia.driver``
    """
    nvidia = host.get_fact(NvidiaHost)
    if words.source == "installed":
        host.noop(f"the driver is the host's own business ({nvidia.library or 'none is there'})")
        return
    yield from install_driver(host.get_fact(DockerHost), words, nvidia)


@operation()
def toolkit(words: Toolkit) -> Commands:
    """
    Have NVIDIA's container toolkit at its version.

    + words: the host's ``nvidia.toolkit``
    """
    yield from install_toolkit(host.get_fact(DockerHost), words)


@operation()
def kept() -> Commands:
    """Hold every package of driver and toolkit, and switch nouveau off from the next boot on."""
    sudo = host.get_fact(DockerHost).uid != 0
    changed = yield from written(kept_files(), sudo=sudo)
    if changed:
        # The initial file system has its own copy of modprobe's configuration.
        yield run_script(SCRIPTS / "nvidia", "renew_initramfs", sudo=sudo)
    unheld = choice.unheld(host.get_fact(Packages, packages=(), patterns=choice.PATTERNS))
    if unheld:
        yield run_script(SCRIPTS / "apt", "hold", *unheld, sudo=sudo)
    if not changed and not unheld:
        host.noop("all packages are held, unattended upgrades and nouveau are kept away")


@operation()
def working() -> Commands:
    """
    Have the kernel module run, fit its libraries, and stay loaded.

    A module that does not fit is refused with what helps; nothing is rebooted.
    """
    nvidia = host.get_fact(NvidiaHost)
    wrong = choice.mismatch(nvidia)
    if wrong is not None:
        yield refuse(wrong.error, wrong.hint)
        return
    sudo = host.get_fact(DockerHost).uid != 0
    if not nvidia.loaded:
        yield run_script(SCRIPTS / "nvidia", "load", sudo=sudo)
    if nvidia.persistenced == "there":
        yield run_script(SCRIPTS / "nvidia", "persist", sudo=sudo)
    if nvidia.loaded and nvidia.persistenced != "there":
        host.noop(f"driver {nvidia.loaded}: kernel module and libraries fit")


@operation()
def specified() -> Commands:
    """Have a CDI specification that names the libraries of this driver."""
    nvidia = host.get_fact(NvidiaHost)
    if not choice.cdi_is_stale(nvidia):
        host.noop(f"{nvidia.cdi} is of driver {nvidia.cdi_driver}")
        return
    how = "refresh" if nvidia.refresh_service else "generate"
    sudo = host.get_fact(DockerHost).uid != 0
    yield run_script(SCRIPTS / "nvidia", how, nvidia.library, sudo=sudo)
