"""A Debian of nothing but its required packages, from this machine's own mirror, as a tarball."""

import shutil
from pathlib import Path

from deploys.facts.apt import AptSettings, AptSite
from tests.lab.machine import LabError, need, run


def this_machines_apt() -> AptSite:
    """The mirror and settings that this machine's apt uses."""
    return AptSettings().process(run("sh", "-c", AptSettings().command()).stdout.splitlines())


def make_tarball(suite: str, tarball: Path) -> None:
    """Takes about a minute; the file is there whole or not at all."""
    need("debootstrap")
    site = this_machines_apt()
    if not site.debian_mirror:
        raise LabError(
            "this machine's apt names no Debian mirror", "add one to its package sources"
        )
    root = tarball.with_suffix(".root")
    tarball.parent.mkdir(parents=True, exist_ok=True)
    # An older debootstrap knows no newer release; `sid` is the script of all of them.
    script = Path("/usr/share/debootstrap/scripts", suite)
    scripts = () if script.exists() else (str(script.with_name("sid")),)
    # In mounts of its own: interrupted, it would leave this machine's /proc below its folder, and
    # whoever removes that folder would go through it.
    debootstrap = ("unshare", "--mount", "debootstrap", "--variant=minbase")
    try:
        run(*debootstrap, suite, str(root), site.debian_mirror, *scripts)
        (root / "etc/apt/apt.conf.d/90site").write_text(site.settings)
        # Without the lists, as on a machine that never ran apt-get update.
        lists = ("--exclude=./var/lib/apt/lists/*", "--exclude=./var/cache/apt/archives/*.deb")
        part = tarball.with_suffix(".part")
        run("tar", "-C", str(root), "--one-file-system", *lists, "-cf", str(part), ".")
        part.rename(tarball)
    finally:
        shutil.rmtree(root, ignore_errors=True)
