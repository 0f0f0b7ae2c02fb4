"""One line each way: a gateway says whom it lets go of, a host says how its replicas are.

The gateway asks, as it does with requests. On the host systemd listens and starts one process for
each question, which reads and writes two small files and can do nothing else.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from typing import Any, Mapping

from deploys.watching.commands import Place
from deploys.watching.judging import Verdict
from deploys.watching.limits import Limits
from deploys.watching.memory import load, plain, verdicts_of, write

SECONDS = 5.0
MOST_BYTES = 1 << 18


class Silent(Exception):
    """A host says nothing of its replicas, or nothing that is of now; why."""


def ask(address: str, port: int, lets: list[str], limits: Limits) -> dict[str, Verdict]:
    """What a host says of its replicas; raises Silent."""
    until = time.monotonic() + SECONDS
    try:
        with socket.create_connection((address, port), SECONDS) as connection:
            connection.sendall(json.dumps({"lets": lets}).encode() + b"\n")
            connection.shutdown(socket.SHUT_WR)
            text = _all_of(connection.fileno(), until)
    except OSError as error:
        raise Silent(error.strerror or type(error).__name__) from None
    return read_answer(text, limits)


def read_answer(text: str, limits: Limits) -> dict[str, Verdict]:
    """Raises Silent for half an answer, and for one from a host whose watch has stopped."""
    try:
        document = json.loads(text)
        age = float(document["age_seconds"])
        verdicts = verdicts_of(document["verdicts"])
    except (ValueError, TypeError, KeyError):
        raise Silent("its answer makes no sense") from None
    if not 0 <= age < limits.gap_seconds:
        raise Silent(f"its last look is {age:.0f} s old")
    return verdicts


def answer(place: Place, gateways: Mapping[str, str], now: float) -> None:
    """For one connection that systemd has taken; `gateways`: address -> name."""
    name = gateways.get(_peer(sys.stdin.fileno()))
    if name is None:
        return
    hear(place, name, _all_of(sys.stdin.fileno(), time.monotonic() + SECONDS), now)
    remembered = load(f"{place.state}/seen.json")
    words = {
        "age_seconds": max(0.0, now - remembered.at),
        "verdicts": {name: vars(verdict) for name, verdict in remembered.verdicts.items()},
    }
    print(json.dumps(words), flush=True)


def _peer(descriptor: int) -> str:
    """The address of the other side; empty where there is none."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            address: str = connection.getpeername()[0]
    except (OSError, IndexError):
        return ""
    # As a listener for both versions of IP says it.
    return address.partition("::ffff:")[2] or address


def hear(place: Place, gateway: str, text: str, now: float) -> None:
    """Keeps what a gateway says; what makes no sense is as if it had said nothing."""
    try:
        lets = [plain(name) for name in json.loads(text)["lets"]]
    except (ValueError, TypeError, KeyError):
        return
    os.makedirs(f"{place.state}/heard", exist_ok=True)
    write(f"{place.state}/heard/{gateway}.json", json.dumps({"at": now, "lets": lets}))


def heard(place: Place, gateways: list[str], limits: Limits, now: float) -> dict[str, list[str]]:
    """Gateway -> whom it lets go of, of all that have spoken lately."""
    found = {}
    for gateway in gateways:
        try:
            with open(f"{place.state}/heard/{gateway}.json", encoding="utf-8") as file:
                document: Any = json.load(file)
            # Also what was said since this look began: at engines that hang it takes a while.
            if abs(now - document["at"]) < limits.gap_seconds:
                found[gateway] = list(document["lets"])
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return found


def _all_of(descriptor: int, until: float) -> str:
    """Until the other side has said all, or enough, or until then (time.monotonic)."""
    parts: list[bytes] = []
    size = 0
    while size < MOST_BYTES:
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            break
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts).decode("utf-8", "replace")
