"""What a rollout loses, measured at the clients and compared with what its output says."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import Answer, Load, streaming
from tests.e2e.told_command import Done

REPLICAS = ["chat-1", "chat-2", "chat-3"]
LIMIT_SECONDS = 7
# What a line of the rollout takes to be read here; a cut takes a second or more after its limit.
SLACK_SECONDS = 1
# A limit that ordinary streams do not outlive, however busy the machine is.
AMPLE_SECONDS = 60
# One token each second: see tests/lab/images/engine/engine.py.
ORDINARY = [3, 4, 5, 6] * 24
LONGER_THAN_THE_LIMIT = [40] * 8
LEAST_IN_FLIGHT = 20


@dataclass(frozen=True)
class Turn:
    """What was seen when a replica's turn came."""

    replica: str
    told_at_seconds: float
    """By time.monotonic()."""
    in_flight: int
    """Streams that it was giving."""
    is_drained: bool
    """Whether the rollout drains it at all."""
    drained: str
    """What nginx has loaded as drained."""


@dataclass(frozen=True)
class Measured:
    """A command that ran under load."""

    done: Done
    load: Load
    turns: tuple[Turn, ...]
    """In their order."""
    addresses: Mapping[str, str]
    """ADDRESS:PORT by replica."""

    def __str__(self) -> str:
        load, in_flight = self.load, ", ".join(str(turn.in_flight) for turn in self.turns)
        return (
            f"{len(load.answers)} requests: {len(load.whole())} whole, {len(load.cut())} cut "
            f"({len(self.cut_early)} within the limit), {len(load.refused())} refused; "
            f"in flight at each replacement: {in_flight}"
        )

    @property
    def cut_early(self) -> list[Answer]:
        """Streams that were cut before their replica had been drained for the limit."""
        ends = {
            self.addresses[turn.replica]: turn.told_at_seconds + LIMIT_SECONDS
            for turn in self.turns
            if turn.is_drained
        }
        return [
            one
            for one in self.load.cut()
            if one.ended < ends.get(one.replica, math.inf) - SLACK_SECONDS
            or one.ended - one.began <= LIMIT_SECONDS
        ]


def measured(fleet: Fleet, command: Callable[[Callable[[str], None]], Done]) -> Measured:
    """Runs a command while clients stream; `command` gets what to tell each line to."""
    known = addresses(fleet)
    turns: list[Turn] = []
    tokens = ORDINARY + LONGER_THAN_THE_LIMIT
    longest = max(ORDINARY)
    with streaming(fleet.url, KEY, tokens, len(tokens), awaited_tokens=longest) as load:

        def told(line: str) -> None:
            match = re.search(r"rollout: (\S+) on \S+: (drained at gate1|not drained)", line)
            if match:
                name, is_drained = match[1], match[2] != "not drained"
                now, in_flight = time.monotonic(), load.in_flight(known[name])
                turns.append(Turn(name, now, in_flight, is_drained, fleet.drained()))

        done = command(told)
    return Measured(done, load, tuple(turns), known)


def assert_enough_was_measured(found: Measured) -> None:
    """Each replica was replaced in the middle of its streams, and what was cut is accounted for."""
    assert found.done.code == 0, found.done.text
    assert [turn.replica for turn in found.turns] == REPLICAS
    assert min(turn.in_flight for turn in found.turns) >= LEAST_IN_FLIGHT
    assert_one_at_a_time(found)
    assert len(found.load.whole()) > 300
    # Some outlive the limit; each one that was cut was counted, and is named by its number.
    cut = found.load.cut()
    assert cut
    assert {answer.request_id for answer in cut} == named_as_cut(found.done)
    counts = [int(one) for one in re.findall(r": cut (\d+) answers: ", found.done.text)]
    assert sum(counts) == len(cut)


def assert_one_at_a_time(found: Measured) -> None:
    """Whenever a replica was drained, it alone was."""
    for turn in found.turns:
        assert turn.drained == (turn.replica if turn.is_drained else ""), found.turns


def assert_each_replaced_once(*runs: Done) -> None:
    """These runs together have replaced each replica, in its order, and none again."""
    right = [line for run in runs for line in run.rollout if "answers right" in line]
    assert [line.split()[0] for line in right] == REPLICAS


def assert_nothing_was_lost(found: Measured) -> None:
    """No stream cut but those that outlived the limit since the drain, and no request refused."""
    early = found.cut_early
    assert not early, f"{len(early)} streams were cut within the limit"
    refused = [(one.status, one.error, one.replica) for one in found.load.refused()]
    assert not refused, refused


def named_as_cut(done: Done) -> set[str]:
    """Requests that the output says were cut."""
    return {one for line in done.rollout for one in re.findall(r"([0-9a-f]{32}) \(client", line)}


def addresses(fleet: Fleet) -> dict[str, str]:
    """ADDRESS:PORT under which the gateway knows each replica."""
    text = (fleet.folder / "compose/lab/gate1/release.yaml").read_text()
    return {name: address for address, name in yaml.safe_load(text)["gateway"]["engines"].items()}
