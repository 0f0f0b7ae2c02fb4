"""What a gateway does about sick replicas: out of the pool, never the last one, and back again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping

from deploys.watching.judging import WELL, Verdict
from deploys.watching.limits import Limits, of_the_last_hour

# The kind of the watch's marks among those of state/gateway/drained; a stand-in's is no drain.
WATCH, SERVES = "watch", "serves"


@dataclass
class Decision:
    """What to do, by replica, each with its reason."""

    out: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)
    """At once: without it nobody would serve."""
    proved: list[str] = field(default_factory=list)
    """Back as soon as it gives a real answer."""
    kept: dict[str, str] = field(default_factory=dict)
    """Sick, and left in its pool."""
    stays: dict[str, str] = field(default_factory=dict)
    """Well, and left out of its pool."""


@dataclass(frozen=True)
class Seen:
    """What a gateway knows."""

    verdicts: Mapping[str, Verdict]
    """Of replicas whose host has said something lately."""
    marks: frozenset[str]
    """REPLICA.KIND of all that is drained."""
    taken: Mapping[str, list[float]]
    """Replica -> when the watch took it out."""

    def kinds(self, replica: str) -> set[str]:
        """Who has drained it."""
        found = (mark.rpartition(".") for mark in self.marks)
        return {kind for name, _, kind in found if name == replica and kind != SERVES}


def decide(pools: Mapping[str, list[str]], seen: Seen, limits: Limits, now: float) -> Decision:
    """For every pool by itself; what people and runs have drained is theirs."""
    decision = Decision()
    for replicas in pools.values():
        serving = [name for name in replicas if not seen.kinds(name)]
        _take_out(serving, seen, decision)
        ours = [name for name in replicas if seen.kinds(name) == {WATCH}]
        if not serving:
            decision.back.update(dict.fromkeys(ours, "nobody else of its pool serves"))
        else:
            _let_back(ours, seen, decision, limits, now)
    return decision


def _take_out(serving: list[str], seen: Seen, decision: Decision) -> None:
    unknown = Verdict("", "")
    verdicts = {name: seen.verdicts.get(name, unknown) for name in serving}
    healthy = [name for name in serving if verdicts[name].state == WELL]
    for name in serving:
        verdict = verdicts[name]
        if not verdict.is_sick:
            continue
        reason = f"{verdict.state}: {verdict.evidence}"
        if healthy:
            decision.out[name] = reason
        else:
            decision.kept[name] = f"{reason}; no other replica of its pool is known to be well"


def _let_back(ours: list[str], seen: Seen, decision: Decision, limits: Limits, now: float) -> None:
    for name in ours:
        verdict = seen.verdicts.get(name)
        if verdict is None or verdict.state != WELL:
            continue
        times = len(of_the_last_hour(seen.taken.get(name, []), now))
        if times > max(1, limits.restarts_per_hour):
            decision.stays[name] = f"it was taken out {times} times within an hour"
        else:
            decision.proved.append(name)


def let_go(seen: Seen, kept: Mapping[str, str]) -> list[str]:
    """The sick replicas that may be restarted as far as this gateway goes, sorted."""
    sick = [name for name, verdict in seen.verdicts.items() if verdict.is_sick]
    return sorted(
        name
        for name in sick
        if seen.kinds(name) == {WATCH} or (name in kept and not seen.kinds(name))
    )
