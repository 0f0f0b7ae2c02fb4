"""A gateway's host: hears how replicas are, takes sick ones out of their pools, and back in."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Mapping

from deploys.watching import exchange, proof
from deploys.watching.commands import Failed, Place, output
from deploys.watching.judging import Verdict
from deploys.watching.limits import Limits, of_the_last_hour
from deploys.watching.memory import Remembered
from deploys.watching.pools import WATCH, Decision, Seen, decide, let_go
from deploys.watching.reports import LET_BACK, TAKEN_OUT, Event, is_news
from deploys.watching.turns import free_turn, is_locked

# Less than the 30 s for which a run waits for its lock; two commands of a few seconds.
RELOAD_SECONDS = "15"
SCRIPT_SECONDS = 25.0
RELOAD_DUE = "reload due"


def turn(
    place: Place, words: Mapping[str, Any], limits: Limits, remembered: Remembered, now: float
) -> list[Event]:
    """One round over all pools of this gateway; what there is to tell."""
    locked = is_locked(place)
    events = _hear(words, limits, remembered, now, locked=locked)
    first = decide(words["pools"], _seen(place, remembered), limits, now)
    proved = [] if locked else _proved(words, first, remembered)
    remembered.lets = []
    with free_turn(place) as free:
        if not free:
            return events
        # Anew: a proof takes its time, and a person may have drained another one meanwhile.
        seen = _seen(place, remembered)
        decision = decide(words["pools"], seen, limits, now)
        events += _told(decision, remembered)
        back = {name: "it gives a real answer" for name in decision.proved if name in proved}
        back.update({**decision.back, **_left_over(words["pools"], seen)})
        events += _change(place, words, remembered, (decision.out, back), now)
        remembered.lets = let_go(_seen(place, remembered), decision.kept)
    return events


def _left_over(pools: Mapping[str, list[str]], seen: Seen) -> dict[str, str]:
    """Of the watch's marks those of replicas that a release has taken away."""
    known = {name for names in pools.values() for name in names}
    marked = {mark.rpartition(".")[0] for mark in seen.marks if mark.endswith(f".{WATCH}")}
    return dict.fromkeys(marked - known, "it is in no pool any more")


def _hear(
    words: Mapping[str, Any], limits: Limits, remembered: Remembered, now: float, *, locked: bool
) -> list[Event]:
    """Asks each host with engines; a gateway's own is known already.

    While a run has this host nobody may restart anything, and hosts that do not listen are no news:
    it may be about to bring them that.
    """
    lets = [] if locked else remembered.lets
    events: list[Event] = []
    found: dict[str, Verdict] = {}
    if 0 <= now - remembered.at < limits.gap_seconds:
        found.update(remembered.verdicts)
    for host, address in sorted(words["hosts"].items()):
        try:
            found.update(exchange.ask(address, words["port"], lets, limits))
            is_news(remembered, f"host {host}", "")
        except exchange.Silent as reason:
            # Its age changes from look to look, and is no news.
            words_alone = "".join(sign for sign in str(reason) if not sign.isdigit())
            if not locked and is_news(remembered, f"host {host}", words_alone):
                events.append(Event(host, "says nothing of its replicas", str(reason)))
    remembered.seen = found
    return events


def _seen(place: Place, remembered: Remembered) -> Seen:
    try:
        marks = frozenset(os.listdir(place.marks))
    except OSError:
        marks = frozenset()
    return Seen(remembered.seen, marks, remembered.taken)


def _told(decision: Decision, remembered: Remembered) -> list[Event]:
    """What is left as it is, and why: once, until it is something else."""
    events = []
    said = {"kept": "sick, and kept in its pool", "stays": "well, and kept out of its pool"}
    for key, what in said.items():
        found: dict[str, str] = getattr(decision, key)
        for known in [one for one in remembered.told if one.startswith(f"{key} ")]:
            if known.partition(" ")[2] not in found:
                is_news(remembered, known, "")
        for name, reason in found.items():
            if is_news(remembered, f"{key} {name}", what):
                events.append(Event(name, what, reason))
    return events


def _proved(words: Mapping[str, Any], decision: Decision, remembered: Remembered) -> list[str]:
    """All at the same time: one that answers nobody must not keep the next look waiting twice."""

    def asked(name: str) -> str:
        return proof.complaint(words["project"], words["service"], words["replicas"][name])

    with ThreadPoolExecutor(max(1, len(decision.proved))) as pool:
        complaints = dict(zip(decision.proved, pool.map(asked, decision.proved)))
    for name, why in complaints.items():
        if why and is_news(remembered, f"proof {name}", why):
            print(f"{name}: not let back yet: {why}", flush=True)
    return [name for name, why in complaints.items() if not why]


def _change(
    place: Place,
    words: Mapping[str, Any],
    remembered: Remembered,
    changes: tuple[Mapping[str, str], Mapping[str, str]],
    now: float,
) -> list[Event]:
    """Out and back; marks first, then one reload for all. One that failed the next look does."""
    out, back = changes
    events: list[Event] = []
    try:
        for name, reason in sorted(out.items()):
            _mark(place, f"+{name}.{WATCH}", words["host"], reason, remembered)
            times = of_the_last_hour(remembered.taken.get(name, []), now)
            remembered.taken[name] = [*times, now]
            events.append(Event(name, TAKEN_OUT, reason))
        for name, reason in sorted(back.items()):
            _mark(place, f"-{name}.{WATCH}", words["host"], reason, remembered)
            events.append(Event(name, LET_BACK, reason))
            is_news(remembered, f"proof {name}", "")
        if RELOAD_DUE in remembered.told:
            _reload(place, words["project"])
            del remembered.told[RELOAD_DUE]
    except Failed as failure:
        events.append(Event("nginx", "has not loaded its pools", str(failure)))
    return events


def _mark(place: Place, mark: str, host: str, reason: str, remembered: Remembered) -> None:
    text = json.dumps({"who": f"the watch on {host}", "reason": reason})
    script = f"{place.program}/set-drains"
    command = ["bash", script, place.directory, text, mark]
    if "changed" in output(command, SCRIPT_SECONDS, owner=f"{place.directory}/state/gateway"):
        remembered.told[RELOAD_DUE] = "yes"


def _reload(place: Place, project: str) -> None:
    loaded = f"{place.directory}/state/gateway/loaded.conf"
    command = ["bash", f"{place.program}/reload-gateway", project, "-", loaded, RELOAD_SECONDS]
    output(command, SCRIPT_SECONDS, owner=f"{place.directory}/state/gateway")
