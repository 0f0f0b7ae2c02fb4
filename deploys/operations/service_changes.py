"""What has to happen to the engines of a host, and in which order over the whole fleet."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deploys.settings.words import stands_behind, stands_in_for

Kind = Literal["replace", "remove", "start", "prove"]


@dataclass(frozen=True)
class Changes:
    """One host's services, each sorted by name."""

    start: tuple[str, ...] = ()
    """Nothing answers for them now: there is nothing to lose."""
    replace: tuple[str, ...] = ()
    """They may be answering, with another configuration than the rendered one, whatever their
    label says."""
    remove: tuple[str, ...] = ()
    """They may be answering, and the release does not have them any more."""

    joined: tuple[str, ...] = ()
    """They are part of a replica on several hosts, and do not run as rendered."""

    @property
    def rolls(self) -> bool:
        """Whether something that may be answering is touched."""
        return bool(self.replace or self.remove or self.joined)


@dataclass(frozen=True)
class Step:
    """One step of a rollout."""

    kind: Kind
    host: str
    service: str


def changes(
    current: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, str],
    grouped: Collection[str] = (),
) -> Changes:
    """What brings `current` (see ComposeServices) to `wanted` (label by service).

    An unhealthy engine has failed three times to say that it can answer: it is started anew.
    `grouped` are services of replicas on several hosts: no host starts or replaces one by itself.
    """
    start, replace, joined = list[str](), list[str](), list[str]()
    for name in sorted(wanted):
        service = current.get(name)
        if service is None or service["status"] != "running" or service["health"] == "unhealthy":
            (joined if name in grouped else start).append(name)
        elif service["config"] != wanted[name] or service.get("differs"):
            (joined if name in grouped else replace).append(name)
    removed = tuple(sorted(current.keys() - wanted.keys()))
    return Changes(tuple(start), tuple(replace), removed, tuple(joined))


def rollout_steps(
    by_host: Mapping[str, Changes],
    drained: Iterable[tuple[str, str]] = (),
    serving: Collection[str] = (),
    groups: Iterable[tuple[str, str]] = (),
) -> list[Step]:
    """The steps of the whole fleet, in an order that is the same every time.

    `drained` are (host, service) that an earlier run has drained and not restored: what it left
    unproved is proved. Services that only start and share a host with others that are touched
    come last, for what they need may be held by those: a GPU, a port. Before all of them come the
    stand-ins that a run has left: one that is among `serving` goes after its replica's own step,
    any other one before. `groups` are (host, service) of the first ranks of groups that change:
    they need what others held, and what of them is left over goes after them.
    """
    rolled, started = [], []
    joined = [Step("replace", host, name) for host, name in groups]
    for host, one in by_host.items():
        rolled += [Step("replace", host, name) for name in one.replace]
        rolled += [Step("remove", host, name) for name in one.remove]
        if one.rolls:
            started += [Step("start", host, name) for name in one.start]
    taken = {(step.host, step.service) for step in (*rolled, *joined)}
    rolled += [Step("prove", *left) for left in drained if tuple(left) not in taken]
    rolled.sort(key=lambda step: (bool(stands_behind(step.service)), _place(step)))
    alone = [step for step in rolled if not stands_behind(step.service)]
    steps = alone + sorted(joined, key=_place) + rolled[len(alone) :]
    steps += sorted(started, key=_place)
    left_over = {stands_in_for(step.service) for step in rolled} - {""}
    first = [step for step in steps if _replica(step) in left_over]
    first.sort(key=lambda step: (_place(step)[:2], _turn(step, serving)))
    return first + [step for step in steps if step not in first]


def _replica(step: Step) -> str:
    return stands_in_for(step.service) or step.service


def _turn(step: Step, serving: Collection[str]) -> int:
    """Of a stand-in before or after its replica."""
    if not stands_in_for(step.service):
        return 0
    return 1 if step.service in serving else -1


def _place(step: Step) -> tuple[str, int, str]:
    """By pool, then by the replica's number: chat-2 comes before chat-10."""
    found = re.fullmatch(r"(.*)-(\d+)", _replica(step))
    pool, number = (found[1], int(found[2])) if found else (step.service, 0)
    return pool, number, step.host
