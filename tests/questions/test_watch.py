"""The watch on a host against what is committed for it."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deploys.questions.watch import (
    UNITS,
    WatchHost,
    parse_watch,
    question,
    unit_names,
    watch_differences,
)

TIMER, SERVICE, SOCKET, ANSWER = unit_names("small")
WANTED = {TIMER: "a" * 64, SERVICE: "b" * 64}
OUTPUT = f"""\
active={TIMER} active
enabled={TIMER} enabled
active={SOCKET} inactive
enabled={SOCKET}
result=success
python=yes
looked=1790000000
now=1790000007
{"a" * 64}  {UNITS}/{TIMER}
{"b" * 64}  {UNITS}/{SERVICE}
{"c" * 64}  /srv/homeport/secrets/watch
""".splitlines()
RIGHT = parse_watch(OUTPUT)


def test_a_host_as_committed_differs_in_nothing() -> None:
    assert (RIGHT.age_seconds, RIGHT.python, RIGHT.result) == (7, True, "success")
    assert RIGHT.secret == "c" * 64
    assert watch_differences(WANTED, (TIMER,), RIGHT) == []


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (replace(RIGHT, active=frozenset()), TIMER),
        (replace(RIGHT, enabled=frozenset()), TIMER),
        (replace(RIGHT, digests={**WANTED, SERVICE: "d" * 64}), f"file {UNITS}/{SERVICE}"),
        (replace(RIGHT, digests={TIMER: "a" * 64}), f"file {UNITS}/{SERVICE}"),
        (replace(RIGHT, digests={**WANTED, SOCKET: "e" * 64}), f"file {UNITS}/{SOCKET}"),
    ],
)
def test_each_difference_is_named(found: WatchHost, what: str) -> None:
    assert [one[0] for one in watch_differences(WANTED, (TIMER,), found)] == [what]


def test_units_that_nobody_wants_any_more_are_named() -> None:
    found = watch_differences({}, (), RIGHT)
    assert [one[1:] for one in found] == [("no such file", "b" * 12), ("no such file", "a" * 12)]


def test_a_host_that_never_had_a_watch_has_nothing_of_it(tmp_path: Path) -> None:
    """Whatever systemd says there, or where there is none."""
    asked = question("never-applied", str(tmp_path), wanted=True)
    output = subprocess.run(["sh", "-c", asked], capture_output=True, text=True, check=True).stdout
    found = parse_watch(output.splitlines())
    assert (found.digests, found.active, found.enabled) == ({}, frozenset(), frozenset())
    assert (found.secret, found.age_seconds) == ("", None)
    assert found.python
    assert watch_differences({}, (), found) == []


def test_a_look_is_as_old_as_what_it_has_written(tmp_path: Path) -> None:
    state = tmp_path / "state" / "watch"
    state.mkdir(parents=True)
    (state / "seen.json").write_text("{}")
    asked = question("never-applied", str(tmp_path), wanted=True)
    output = subprocess.run(["sh", "-c", asked], capture_output=True, text=True, check=True).stdout
    age = parse_watch(output.splitlines()).age_seconds
    assert age is not None
    assert age >= 0
