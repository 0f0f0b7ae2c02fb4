"""`python3 FOLDER run`: one look, by the timer. `… answer`: one question of a gateway's."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from deploys.watching import at_engines, at_gateway, exchange
from deploys.watching.commands import Place
from deploys.watching.limits import Limits
from deploys.watching.memory import Remembered, load, store
from deploys.watching.reports import Event, tell, write_metrics
from deploys.watching.turns import only_one


def main(folder: str, arguments: list[str]) -> int:
    """Exit status: 0, or 64 for a word that is not known.

    + folder: `watch` of a release: DIRECTORY/releases/NAME/watch
    """
    program = os.path.realpath(folder)
    place = Place(os.path.dirname(os.path.dirname(os.path.dirname(program))), program)
    with open(f"{program}/words.json", encoding="utf-8") as file:
        words: dict[str, Any] = json.load(file)
    if arguments == ["answer"]:
        exchange.answer(place, words["engines"]["addresses"], time.time())
        return 0
    if arguments != ["run"]:
        print("usage: python3 FOLDER run | answer", file=sys.stderr)
        return 64
    with only_one(place) as alone:
        if alone:
            run(place, words, time.time())
    return 0


def run(place: Place, words: dict[str, Any], now: float) -> None:
    """One look, at the engines and for the gateway, whichever of them this host has."""
    remembered = load(f"{place.state}/seen.json")
    events = turns(place, words, remembered, now)
    # Before they are told, which may take a webhook's time.
    store(f"{place.state}/seen.json", remembered)
    for event in events:
        tell(place, words, remembered, event)
    store(f"{place.state}/seen.json", remembered)
    write_metrics(place, words, remembered)


def turns(place: Place, words: dict[str, Any], remembered: Remembered, now: float) -> list[Event]:
    """Engines first: the gateway beside them then knows how they are now."""
    limits = Limits(**words["limits"])
    engines, gateway = words.get("engines"), words.get("gateway")
    events: list[Event] = []
    if engines:
        events += at_engines.turn(place, engines, limits, remembered, now)
        # Gateways elsewhere need not wait for what this host's own gateway proves.
        store(f"{place.state}/seen.json", remembered)
    else:
        remembered.at = now
    if gateway:
        events += at_gateway.turn(
            place, {**gateway, "host": words["host"]}, limits, remembered, now
        )
        if engines:
            said = json.dumps({"lets": remembered.lets})
            exchange.hear(place, words["host"], said, now)
    return events
