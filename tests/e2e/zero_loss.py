"""What a rollout loses, measured at the clients and compared with what its output says."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from tests.e2e.rolling_fleet import KEY, Fleet
from tests.e2e.streaming_load import Load, streaming
from tests.e2e.told_command import Done

REPLICAS = ["chat-1", "chat-2", "chat-3"]
LIMIT_SECONDS = 7
# A limit that ordinary streams do not outlive, however busy the machine is.
AMPLE_SECONDS = 60
# One token each second: see tests/lab/images/engine/engine.py.
ORDINARY = [3, 4, 5, 6] * 24
LONGER_THAN_THE_LIMIT = [40] * 8
LEAST_IN_FLIGHT = 20


@dataclass(frozen=True)
class Measured:
    """A command that ran under load."""

    done: Done
    load: Load
    in_flight: dict[str, int] = field(default_factory=dict)
    """Streams that each replica was giving when its turn came, in that order."""


def measured(fleet: Fleet, command: Callable[[Callable[[str], None]], Done]) -> Measured:
    """Runs a command while clients stream; `command` gets what to tell each line to."""
    known = addresses(fleet)
    in_flight: dict[str, int] = {}
    tokens = ORDINARY + LONGER_THAN_THE_LIMIT
    longest = max(ORDINARY)
    with streaming(fleet.url, KEY, tokens, len(tokens), awaited_tokens=longest) as load:

        def told(line: str) -> None:
            match = re.search(r"rollout: (\S+) on \S+: (?:drained at gate1|not drained)", line)
            if match:
                in_flight[match[1]] = load.in_flight(known[match[1]])

        done = command(told)
    print(
        f"{len(load.answers)} requests: {len(load.whole())} whole, {len(load.refused())} refused, "
        f"{len(load.cut())} cut; in flight at each replacement: {in_flight}"
    )
    return Measured(done, load, in_flight)


def assert_enough_was_measured(found: Measured) -> None:
    """Each replica was replaced in the middle of its streams, and what was cut is accounted for."""
    assert found.done.code == 0, found.done.text
    assert list(found.in_flight) == REPLICAS
    assert min(found.in_flight.values()) >= LEAST_IN_FLIGHT
    assert len(found.load.whole()) > 300
    # Some outlive the limit; each one that was cut was counted, and is named by its number.
    cut = found.load.cut()
    assert cut
    assert {answer.request_id for answer in cut} == named_as_cut(found.done)
    counts = [int(one) for one in re.findall(r": cut (\d+) answers: ", found.done.text)]
    assert sum(counts) == len(cut)


def assert_nothing_was_lost(load: Load) -> None:
    """No stream cut but those that outlived the limit, and no request refused."""
    early = [one for one in load.cut() if one.ended - one.began <= LIMIT_SECONDS]
    assert not early, f"{len(early)} streams were cut within the limit"
    refused = [(one.status, one.error, one.replica) for one in load.refused()]
    assert not refused, refused


def named_as_cut(done: Done) -> set[str]:
    """Requests that the output says were cut."""
    return {one for line in done.rollout for one in re.findall(r"([0-9a-f]{32}) \(client", line)}


def addresses(fleet: Fleet) -> dict[str, str]:
    """ADDRESS:PORT under which the gateway knows each replica."""
    text = (fleet.folder / "compose/lab/gate1/release.yaml").read_text()
    return {name: address for address, name in yaml.safe_load(text)["gateway"]["engines"].items()}
