"""Installs NVIDIA's packages on a host, at the versions that the inventory names."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand

from deploys.facts.packages import Packages
from deploys.operations import nvidia_choice as choice
from deploys.operations.docker_choice import Refusal, refusal_of_system
from deploys.operations.host_files import written
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.nvidia_files import PREFERENCES
from deploys.operations.package_choice import chosen, is_there
from deploys.operations.package_source import added
from deploys.questions.docker import DockerSystem
from deploys.questions.nvidia import NvidiaSystem
from deploys.settings.nvidia import Driver, Toolkit

Commands = Generator[StringCommand | FunctionCommand, None, None]


def install_driver(system: DockerSystem, words: Driver, nvidia: NvidiaSystem) -> Commands:
    """Installs the driver where it is missing or at another version."""
    packages = choice.driver_packages(system, words, nvidia.kernel)
    if isinstance(packages, Refusal):
        yield _refused(packages)
        return
    wanted = {**dict.fromkeys(packages.versioned, words.version), **dict.fromkeys(packages.others)}
    there = host.get_fact(Packages, packages=tuple(wanted))
    if is_there(wanted, there):
        host.noop(f"driver {there[packages.versioned[0]].installed} is there")
        return
    refusal = refusal_of_system(system, "NVIDIA's driver")
    if refusal is not None:
        yield _refused(refusal)
        return
    if not (yield from _sourced(system, words)):
        return
    installed = host.get_fact(Packages, packages=(), patterns=choice.PATTERNS)
    known = host.get_fact(Packages, packages=(*wanted, *packages.extra, *installed))
    versions = chosen({**wanted, **choice.along(packages.extra, installed, words, known)}, known)
    if isinstance(versions, Refusal):
        yield _refused(_explained(versions, nvidia.kernel))
        return
    yield _apt(system, "install_exactly", *(f"{name}={one}" for name, one in versions.items()))


def install_toolkit(system: DockerSystem, words: Toolkit) -> Commands:
    """Installs the container toolkit's four packages, all at one version."""
    wanted = dict.fromkeys(choice.TOOLKIT_PACKAGES, words.version)
    if is_there(wanted, host.get_fact(Packages, packages=choice.TOOLKIT_PACKAGES)):
        host.noop(f"container toolkit {words.version} is there")
        return
    refusal = refusal_of_system(system, "NVIDIA's container toolkit")
    if refusal is not None:
        yield _refused(refusal)
        return
    if not system.apt_lists_fresh:
        yield _apt(system, "update")
    if not (yield from added(system, choice.toolkit_source(words), words.key)):
        return
    versions = chosen(wanted, host.get_fact(Packages, packages=choice.TOOLKIT_PACKAGES))
    if isinstance(versions, Refusal):
        yield _refused(versions)
        return
    yield _apt(system, "install_exactly", *(f"{name}={one}" for name, one in versions.items()))


def _sourced(
    system: DockerSystem, words: Driver
) -> Generator[StringCommand | FunctionCommand, None, bool]:
    """Lists, pin and package source before anything is chosen; False where that was refused."""
    if not system.apt_lists_fresh:
        yield _apt(system, "update")
    if words.version is not None:
        yield from written({PREFERENCES: choice.pin(words.version)}, sudo=system.uid != 0)
    if words.source != "nvidia":
        return True
    source = choice.driver_source(system, words)
    if isinstance(source, Refusal):
        yield _refused(source)
        return False
    return (yield from added(system, source, words.key))


def _explained(refusal: Refusal, kernel: str) -> Refusal:
    """The usual reason why there are no headers, and where Debian keeps its own driver."""
    if f"linux-headers-{kernel}" in refusal.error:
        hint = "the running kernel is no longer in the package sources: upgrade it, reboot, apply"
        return Refusal(refusal.error, hint)
    hint = f"{refusal.hint}; Debian's own driver is in contrib and non-free, which apt must read"
    return Refusal(refusal.error, hint)


def _refused(refusal: Refusal) -> StringCommand:
    return refuse(refusal.error, refusal.hint)


def _apt(system: DockerSystem, *arguments: str) -> StringCommand:
    return run_script(SCRIPTS / "apt", *arguments, sudo=system.uid != 0)
