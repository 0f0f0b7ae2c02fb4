"""How everything of a lab is named and labelled, so that `down` removes exactly that."""

import re

from tests.lab.machine import LabError, docker

LAB = "homeport.lab"
HOST = "homeport.lab.host"
KINDS = ("container", "volume", "network")


def checked_name(lab: str) -> str:
    """The name, if containers, networks and folders can carry it."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,30}", lab):
        raise LabError(f"{lab!r} is no name for a lab", "2 to 31 small letters, digits and hyphens")
    return lab


def resource(lab: str, name: str) -> str:
    """What a container, volume or network of a lab is called on this machine."""
    return f"homeport-lab-{lab}-{name}"


def label_options(lab: str, host: str = "") -> tuple[str, ...]:
    """Options of docker create; `host` on what belongs to one host."""
    return (f"--label={LAB}={lab}", *((f"--label={HOST}={host}",) if host else ()))


def labelled(lab: str, kind: str) -> list[str]:
    """Names of a lab's containers (stopped ones too), volumes or networks."""
    everything = ("--all",) if kind == "container" else ()
    shown = "{{.Names}}" if kind == "container" else "{{.Name}}"
    found = docker(kind, "ls", *everything, "--filter", f"label={LAB}={lab}", "--format", shown)
    return sorted(found.split())


def remove_all(lab: str) -> list[str]:
    """Removes all that carries the lab's label; what it was."""
    removed = []
    for kind in KINDS:
        names = labelled(lab, kind)
        force = ("--force", "--volumes") if kind == "container" else ()
        if names:
            docker(kind, "rm", *force, *names)
        removed += [f"{kind} {name}" for name in names]
    return removed
