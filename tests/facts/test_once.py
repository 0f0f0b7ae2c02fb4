"""Several facts in one round trip: each is what it would be by itself."""

import subprocess
from collections.abc import Iterable
from types import SimpleNamespace
from typing import cast

from pyinfra.api import FactBase
from pyinfra.api.host import Host

from deploys.facts.once import Together, _name, _text, forget, once
from deploys.facts.packages import Packages


class Words(FactBase[list[str]]):
    """Returns the words that a command prints."""

    default = list

    def command(self, script: str) -> str:
        return script

    def process(self, output: Iterable[str]) -> list[str]:
        return [word for line in output for word in line.split()]


def _together(*scripts: str) -> dict[str, list[str]]:
    script = Together().command(scripts)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return Together().process(done.stdout.splitlines())


def test_each_command_has_its_own_lines() -> None:
    assert _together("echo a; echo b", "true", "echo c") == {"0": ["a", "b"], "1": [], "2": ["c"]}


def test_lines_are_as_the_command_printed_them_with_or_without_an_end() -> None:
    found = _together("printf 'a\n\n'", "printf 'no end'", "printf '\n'", "echo '@@homeport@@ b'")
    assert found == {"0": ["a", ""], "1": ["no end"], "2": [""], "3": ["@@homeport@@ b"]}


def test_one_that_fails_is_left_out_and_stops_no_other() -> None:
    assert _together("echo half; false", "exit 3", "echo c") == {"2": ["c"]}


def test_one_that_ends_its_shell_or_has_a_comment_stops_no_other() -> None:
    found = _together("echo a; exit 0; echo b", "echo c # the end", "cd /; pwd", "pwd")
    assert found["0"] == ["a"]
    assert found["1"] == ["c"]
    assert found["3"] != ["/"]


def test_a_fact_with_other_arguments_is_another_question() -> None:
    names = {_name(Words, {"script": script}) for script in ("a", "b")}
    assert len(names | {_name(Packages, {"packages": ()})}) == 3


def test_commands_of_both_kinds_are_text() -> None:
    assert _text("echo a") == "echo a"
    assert "dpkg-query" in _text(Packages().command(packages=("a b",)))


class _Host:
    """What `once` asks of pyinfra's host: how far the run is, and the fact."""

    name = "gpu1"

    def __init__(self) -> None:
        self.state = SimpleNamespace(is_executing=True, ops={self: {}})
        self.asked = 0

    def get_fact(self, _fact: object, **_arguments: object) -> list[str]:
        self.asked += 1
        return [f"answer {self.asked}"]


def test_a_host_is_asked_again_only_when_something_was_changed_from_another_hosts_turn() -> None:
    host = cast("Host", _Host())
    assert once(host, Words, script="a") == once(host, Words, script="a") == ["answer 1"]
    forget(host)
    assert once(host, Words, script="a") == ["answer 2"]
