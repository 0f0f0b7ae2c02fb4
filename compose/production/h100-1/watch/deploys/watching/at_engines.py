"""A host with engines: looks, judges, and restarts what is sick where that is allowed."""

from __future__ import annotations

from typing import Any, Mapping

from deploys.watching import gpus
from deploys.watching.commands import Failed, Place, output
from deploys.watching.engines import look_at_all
from deploys.watching.exchange import heard
from deploys.watching.judging import WELL, Look, Memory, judge
from deploys.watching.limits import Limits, of_the_last_hour
from deploys.watching.memory import Remembered, store
from deploys.watching.reports import RESTARTED, Event, is_news
from deploys.watching.restarts import YES, is_used_up, why_not
from deploys.watching.turns import free_turn

# Without persistence the driver is loaded for each question; its verdicts do not change by the
# second either.
GPU_SECONDS = 60.0
# SIGTERM is lost on what hangs: its place is needed, and requests in it are lost already. With
# this a restart ends within the 30 s for which a run waits for its lock.
STOP_SECONDS = "10"
RESTART_SECONDS = 25.0


def turn(
    place: Place, words: Mapping[str, Any], limits: Limits, remembered: Remembered, now: float
) -> list[Event]:
    """One look at all replicas of this host; what there is to tell."""
    events = _look_at_gpus(place, words["replicas"], remembered, now)
    try:
        looks = look_at_all(words["project"], gpus.of_replicas(words["replicas"], remembered.gpus))
    except Failed as failure:
        # Nothing is known: gateways see that the last look grows old, and leave all as it is.
        return [*events, *_news(remembered, "docker", "Docker", "says nothing", str(failure))]
    is_news(remembered, "docker", "")
    _judge(words["replicas"], looks, limits, remembered, now)
    for name, verdict in remembered.verdicts.items():
        state = "" if verdict.state == WELL else verdict.state
        if is_news(remembered, f"state {name}", state) and verdict.is_sick:
            events.append(Event(name, f"found {verdict.state}", verdict.evidence))
    lets = heard(place, words["gateways"], limits, now)
    return [*events, *_restart(place, lets, limits, remembered, now)]


def _judge(
    replicas: Mapping[str, Any],
    looks: Mapping[str, Look],
    limits: Limits,
    remembered: Remembered,
    now: float,
) -> None:
    judged = {
        name: judge(looks.get(name, Look()), remembered.replicas.get(name, Memory()), limits, now)
        for name in replicas
    }
    remembered.verdicts = {name: verdict for name, (verdict, _) in judged.items()}
    remembered.replicas = {name: memory for name, (_, memory) in judged.items()}
    remembered.at = now


def _look_at_gpus(
    place: Place, replicas: Mapping[str, list[str]], remembered: Remembered, now: float
) -> list[Event]:
    wanted = sorted({uuid for uuids in replicas.values() for uuid in uuids})
    if not wanted or 0 <= now - remembered.gpus_at < GPU_SECONDS:
        return []
    remembered.gpus_at = now
    try:
        remembered.gpus = gpus.conditions(place, wanted)
    except gpus.Unanswered as reason:
        # A driver that hangs is told, and judged by what it does to engines: those may go on. What
        # it said before still holds.
        return _news(remembered, "gpus", "GPUs", "say nothing", str(reason))
    is_news(remembered, "gpus", "")
    return []


def _restart(
    place: Place,
    lets: Mapping[str, list[str]],
    limits: Limits,
    remembered: Remembered,
    now: float,
) -> list[Event]:
    """One at a time: what made several sick may be no fault of theirs."""
    events: list[Event] = []
    for name, verdict in sorted(remembered.verdicts.items()):
        done = of_the_last_hour(remembered.restarts.get(name, []), now)
        remembered.restarts[name] = done
        if not verdict.is_sick:
            is_news(remembered, f"restart {name}", "")
            continue
        reason = why_not(name, verdict, lets, done, limits)
        if reason == YES:
            return [*events, *_restarted(place, name, remembered, now)]
        if is_news(remembered, f"restart {name}", reason):
            if is_used_up(done, limits):
                events.append(Event(name, "not restarted", reason))
            else:
                print(f"{name}: not restarted: {reason}", flush=True)
    return events


def _restarted(place: Place, name: str, remembered: Remembered, now: float) -> list[Event]:
    verdict = remembered.verdicts[name]
    with free_turn(place) as free:
        if not free:
            return []
        remembered.restarts[name].append(now)
        # Before it is done: a look that is killed meanwhile must not forget that it counts.
        store(f"{place.state}/seen.json", remembered)
        container = remembered.replicas[name].container.partition("@")[0]
        try:
            output(["docker", "restart", "-t", STOP_SECONDS, container], RESTART_SECONDS)
        except Failed as failure:
            return [Event(name, "restart failed", str(failure))]
    return [Event(name, RESTARTED, f"{verdict.state}: {verdict.evidence}")]


def _news(remembered: Remembered, key: str, subject: str, what: str, reason: str) -> list[Event]:
    """Told once, for as long as it holds in the same words."""
    return [Event(subject, what, reason)] if is_news(remembered, key, reason) else []
