"""The releases that a host keeps, and the states of the fleet that they belong to.

A release is one host's. What a rollback goes back to is a fleet: every host's release together,
named by `fleet_name`. On a host `applied/<fleet>` is a link to the release that the host had in
it; the link's own time is when an apply brought it, by the host's clock. The link `fleet` points
to the one that the host is in. A rollback touches no time, so that going back twice goes back two.
An apply after it puts the fleet that it came from right before its own: nobody goes back to what
was just gone back from.
"""

import hashlib
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

# A bad release shows within days, and one apply a day is common. They are text of some 100 KiB
# each: the number is bounded for the eye, not for the disk.
KEPT = 5


@dataclass(frozen=True)
class Applied:
    """One fleet in which a host took part."""

    fleet: str
    release: str
    """What the host had in it."""
    at: float
    """When an apply brought it; seconds of the host's clock."""


@dataclass(frozen=True)
class Kept:
    """What one host keeps."""

    current: str = ""
    """Release that the link `current` points to; empty without one."""
    current_since: float = 0
    gateway: str = ""
    """The same of `gateway/current`."""
    fleet: str = ""
    unfinished: str = ""
    """What a run was on the way to that did not come there: apply/FLEET or rollback/FLEET."""
    folders: tuple[str, ...] = ()
    """Every folder in releases/, sorted."""
    staged_at: Mapping[str, float] = field(default_factory=dict)
    """Release -> when its manifest was brought; without those that have none."""
    applied: tuple[Applied, ...] = ()
    """Newest first."""

    def release_in(self, fleet: str) -> str:
        """The release that this host had in a fleet; empty when it keeps none."""
        return next((one.release for one in self.applied if one.fleet == fleet), "")

    def before(self, fleet: str) -> str:
        """The fleet before this one; empty when there is none."""
        fleets = [one.fleet for one in self.applied]
        following = fleets[fleets.index(fleet) + 1 :] if fleet in fleets else []
        return following[0] if following else ""


def fleet_name(releases: Mapping[str, str]) -> str:
    """The name of a fleet: releases by host. With a single host its release says it all."""
    if len(releases) == 1:
        return next(iter(releases.values()))
    lines = "".join(f"{host} {release}\n" for host, release in sorted(releases.items()))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def question(directory: str) -> str:
    """sh: everything about what a host keeps; nothing where there is no such directory."""
    return (
        f"if cd {shlex.quote(directory)} 2>/dev/null; then "
        'echo "current $(stat -c %Y current 2>/dev/null || echo 0) $(readlink current)"; '
        'echo "gateway $(readlink gateway/current)"; '
        'echo "fleet $(readlink fleet)"; '
        'echo "unfinished $(readlink unfinished)"; '
        "find releases -mindepth 1 -maxdepth 1 -type d -printf 'folder %f\\n' 2>/dev/null; "
        "find releases -mindepth 2 -maxdepth 2 -name release.yaml -printf 'staged %T@ %P\\n' "
        "2>/dev/null; "
        "find applied -maxdepth 1 -type l -printf 'applied %T@ %f %l\\n' 2>/dev/null; fi; true"
    )


def parse_kept(lines: Iterable[str]) -> Kept:
    """The answer to `question`; raises ValueError when it is not one."""
    found: dict[str, list[list[str]]] = {}
    for kind, *rest in (line.split() for line in lines if line.strip()):
        found.setdefault(kind, []).append(rest)
    since, *target = found.get("current", [["0"]])[0]
    applied = [
        Applied(fleet, _name(release), float(at)) for at, fleet, release in found.get("applied", [])
    ]
    return Kept(
        current=_name(*target),
        current_since=float(since),
        # ../releases/<release>/nginx
        gateway=_name(*(path.rpartition("/")[0] for path in found.get("gateway", [[]])[0])),
        fleet=_name(*found.get("fleet", [[]])[0]),
        unfinished=next(iter(found.get("unfinished", [[]])[0]), ""),
        folders=tuple(sorted(name for (name,) in found.get("folder", []))),
        staged_at={path.partition("/")[0]: float(at) for at, path in found.get("staged", [])},
        applied=tuple(sorted(applied, key=lambda one: one.at, reverse=True)),
    )


def removable(kept: Kept, protected: Iterable[str]) -> tuple[list[str], list[str]]:
    """Fleets and releases that a host need not keep, sorted; never a protected release.

    Kept are the last fleets, so that all hosts keep the same ones, and the last releases, which
    reach further back on a host that changes less often than others. A release that was never
    applied, because its proof failed, is nothing to go back to.
    """
    newest: dict[str, Applied] = {}
    for one in kept.applied:
        newest.setdefault(one.release, one)
    wanted = {*kept.applied[:KEPT], *list(newest.values())[:KEPT]}
    staying = {*(one.release for one in wanted), *protected}
    # The fleet that the host is in may be an old one that a rollback went back to.
    fleets = {one.fleet for one in kept.applied} - {one.fleet for one in wanted} - {kept.fleet}
    return sorted(fleets), sorted(set(kept.folders) - staying)


def after_apply(kept: Kept, fleet: str, release: str) -> Kept:
    """What a host will keep once `release` has been applied there."""
    others = sorted(
        (one for one in kept.applied if one.fleet != fleet), key=lambda one: one.fleet != kept.fleet
    )
    folders = tuple(sorted({*kept.folders, release}))
    first = Applied(fleet, release, float("inf"))
    return replace(
        kept, current=release, current_since=0, gateway=release, fleet=fleet, unfinished="",
        folders=folders, applied=(first, *others),
    )  # fmt: skip


def _name(*path: str) -> str:
    """The last part of a link's target; empty without a link."""
    return path[0].rpartition("/")[2] if path else ""
