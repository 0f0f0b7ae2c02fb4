"""The images that the lab's machines are made from: built once from Debian packages, then cached.

A tag is the hash of all that goes into an image, so a change builds a new one and nothing else
does. Docker's own store is the cache of images; `.homeport/cache` holds debootstrap's tarball.
"""

import hashlib
import sys
from pathlib import Path

from tests.lab.debian_tarball import make_tarball, this_machines_apt
from tests.lab.machine import CACHE, docker, one_at_a_time, run

CONTEXTS = Path(__file__).parent / "images"
# Images that come from debootstrap, and the release in them. `testing` is the one that the kit's
# own images are built from (deploys/images/debian).
SUITES = {"debian": "trixie", "testing": "forky"}
REPOSITORY = "homeport-lab"
# Not the label of a lab: containers inherit it, and `down` must not take an image for a host.
LABEL = "homeport.lab-image"

# Image -> the one it is built on.
BASES = {
    "host": "debian",
    "docker": "host",
    "registry": "debian",
    "python": "debian",
    "engine": "python",
    "group": "engine",
    "monitors": "testing",
    "oracle": "testing",
    "pebble": "testing",
    "wrk": "debian",
}


def image(name: str) -> str:
    """The reference of one of the lab's images, which is built first when it is not there."""
    with one_at_a_time("lab-images"):
        return _built(name)


def remove_images() -> list[str]:
    """Removes every image of the lab, of this and of earlier versions; what they were called."""
    shown = "{{.Repository}}:{{.Tag}} {{.ID}}"
    listing = docker("image", "ls", "--filter", f"label={LABEL}", "--format", shown)
    # One that lost its tag, to a force or to a newer build, has its identifier alone.
    rows = (line.split() for line in listing.splitlines())
    found = [number if "<none>" in reference else reference for reference, number in rows]
    for name in found:
        docker("image", "rm", "--force", name, check=False)
    return found


def _built(name: str) -> str:
    reference = _reference(name)
    if docker("image", "inspect", "--format", "{{.Id}}", reference, check=False):
        return reference
    if name not in BASES:
        return _bootstrapped(name, reference)
    base = _built(BASES[name])
    print(f"   building {reference}", file=sys.stderr)
    # The builder without BuildKit looks at this machine's own images first, and the machine's own
    # network reaches its package mirror; both as the kit's own image builds do it.
    run(
        "env", "DOCKER_BUILDKIT=0", "docker", "build", "--force-rm", "--network", "host",
        "--label", f"{LABEL}={name}", "--build-arg", f"BASE={base}", "--tag", reference,
        str(CONTEXTS / name), seconds=900,
    )  # fmt: skip
    return reference


def _reference(name: str) -> str:
    return f"{REPOSITORY}/{name}:{_content_hash(name)}"


def _content_hash(name: str) -> str:
    """12 hex digits over all that an image is made from, its bases included."""
    digest = hashlib.sha256()
    if name in BASES:
        digest.update(_content_hash(BASES[name]).encode())
        for path in sorted((CONTEXTS / name).iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    else:
        site = this_machines_apt()
        digest.update(f"{SUITES[name]} {site.debian_mirror} {site.settings}".encode())
    return digest.hexdigest()[:12]


def _bootstrapped(name: str, reference: str) -> str:
    suite = SUITES[name]
    kits_own = f"homeport/debian:{suite}"
    if docker("image", "inspect", "--format", "{{.Id}}", kits_own, check=False):
        # The same, made by the kit on this machine (deploys/images/debian).
        build = ("build", "--label", f"{LABEL}={name}", "--tag", reference, "-")
        docker(*build, given=f"FROM {kits_own}\n".encode())
        return reference
    tarball = CACHE / f"lab-{suite}-{_content_hash(name)}.tar"
    if not tarball.exists():
        print(f"   making {reference} with debootstrap (a minute)", file=sys.stderr)
        make_tarball(suite, tarball)
    docker("import", "--change", f"LABEL {LABEL}={name}", str(tarball), reference)
    return reference
