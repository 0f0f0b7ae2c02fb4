"""The base of images built on a host: pulled where a registry answers, else made with debootstrap.

Either way it gets the host's own apt mirror, proxies and date checks, so that a site with a mirror
of its own, or with an old snapshot of the archive, can build.
"""

from collections.abc import Generator
from pathlib import Path

from pyinfra import host
from pyinfra.api import StringCommand, operation

from deploys.facts.apt import AptSettings, AptSite
from deploys.facts.docker import DockerHost
from deploys.facts.images import ImageIds
from deploys.operations.host_script import SCRIPTS, refuse, run_script
from deploys.operations.image_context import CONTEXTS, ship
from deploys.operations.images import client_login
from deploys.settings.registry import Registry

BASE = "homeport/debian:forky"
UNCONFIGURED = "homeport/debian:unconfigured"
CONTEXT = "debian"
SUITE = "forky"
WORK_DIRECTORY = "/var/tmp"  # noqa: S108  a folder of root's own is made below it

# Measured: debootstrap needs 390 MiB in its folder, the image 180 MiB; and room to go on living.
BOOTSTRAP_MIB = 600
BASE_MIB = 400

Commands = Generator[StringCommand, None, None]


@operation()
def base(
    references: tuple[str, ...],
    directory: str,
    base_image: str,
    registry: Registry | None = None,
    debian_mirror: str | None = None,
) -> Commands:
    """
    Have the base image on the host, unless everything that is built on it is there.

    + references: the images that are built on it
    + directory: the kit's folder on the host
    + base_image: what to pull, or to take from the host's own images
    + registry: the site's own and its login
    + debian_mirror: URI of a Debian archive; the host's own when not given

    Only making it with debootstrap needs root.
    """
    present = host.get_fact(ImageIds, references=(BASE, *references))
    if BASE in present or present.keys() >= set(references):
        host.noop(f"{BASE} is there, or nothing has to be built on it")
        return
    make_base = CONTEXTS / CONTEXT / "make-base"
    site = host.get_fact(AptSettings)
    mirror = debian_mirror or site.debian_mirror
    target = f"{directory}/images/{CONTEXT}"
    yield run_script(SCRIPTS / "need-space", str(BASE_MIB), "docker", BASE)
    yield from ship(CONTEXTS / CONTEXT, target, site_files(site, mirror))
    yield from _with_login(directory, base_image, registry)
    yield run_script(make_base, "pull", base_image)
    if UNCONFIGURED not in host.get_fact(ImageIds, references=(UNCONFIGURED,)):
        yield from _bootstrap(make_base, base_image, mirror)
    yield run_script(make_base, "configure", target)


def site_files(site: AptSite, mirror: str | None) -> dict[str, str]:
    """Path below the context -> text. Without a mirror the base keeps the sources it came with."""
    sources = f"deb {mirror} {SUITE} main\n" if mirror else ""
    header = "// From this host's own apt configuration, so that images can be built on it.\n"
    return {
        "site/etc/apt/sources.list": sources,
        "site/etc/apt/apt.conf.d/90homeport": header + site.settings,
    }


def _with_login(directory: str, base_image: str, registry: Registry | None) -> Commands:
    login = yield from client_login(base_image, registry)
    if login:
        pull = run_script(SCRIPTS / "pull-image", directory, base_image, given=login)
        # Like the pull that comes next: where nobody answers, debootstrap makes the base.
        yield StringCommand(*pull.bits, "|| true", **pull.connector_arguments)


def _bootstrap(make_base: Path, base_image: str, mirror: str | None) -> Commands:
    system = host.get_fact(DockerHost)
    if mirror is None:
        yield refuse(
            f"no registry gives {base_image}, and this host has no Debian mirror to make it from",
            f"load {base_image} (docker load), or set debian_mirror or base_image for this host",
        )
        return
    if not system.may_become_root:
        yield refuse(
            f"no registry gives {base_image}, and making it with debootstrap needs root",
            f"load {base_image} (docker load), set base_image, or run as root once",
        )
        return
    sudo = system.uid != 0
    yield run_script(SCRIPTS / "need-space", str(BOOTSTRAP_MIB), WORK_DIRECTORY, BASE)
    if not system.apt_lists_fresh:
        yield run_script(SCRIPTS / "apt", "update", sudo=sudo)
    yield run_script(SCRIPTS / "apt", "install_missing", "debootstrap", sudo=sudo)
    yield run_script(make_base, "bootstrap", mirror, sudo=sudo)
