"""Hosts whose answers break off or make no sense cost themselves their checks, and say so."""

import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checks.committed import Committed
from checks.engine_fixtures import of_all_hosts
from checks.fleet import Fleet
from checks.probes.host import Unreachable
from deploys.settings.inventory import InventoryHost
from tests.checks.conftest import RunChecks, failed, messages
from tests.checks.deployment import Deployment
from tests.lab.waiting import LONGEST_SECONDS


def _answers_through(deployment: Deployment, passes: str, *, where: str = "") -> None:
    """Has what a script prints go through a filter; `where`: only scripts that hold this word."""
    deployment.docker.folder.mkdir(exist_ok=True)
    program = deployment.docker.folder / "timeout"
    program.write_text(
        f'#!/bin/sh\nshift 3\ncase "$*" in *"{where}"*) "$@" | {passes} ;; *) exec "$@" ;; esac\n'
    )
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        ("head -c 900", "its answer makes no sense: the host's answer is cut off"),
        ("""sed 's/"State":/"State/'""", "its answer makes no sense: "),
        ("sed 's/^[0-9]*$/soon/'", "its answer makes no sense: "),
        ("cat >/dev/null", "its answer makes no sense: the host's answer is cut off"),
    ],
    ids=["half of it", "half a JSON", "a time that is none", "nothing"],
)
def test_a_host_that_answers_in_halves_is_unreachable_and_no_failed_check(
    passes: str, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    _answers_through(deployment, passes)
    outcomes = run_checks("check_hosts.py")
    assert {line["result"] for line in outcomes.values()} == {"unreachable"}
    assert words in messages(outcomes)
    assert "Traceback" not in messages(outcomes)


@pytest.mark.parametrize(
    ("passes", "words"),
    [
        ("head -c 60", "its engines' answers make no sense: the host's answer is cut off"),
        ("sed '/health$/d'", "its engines' answers make no sense: 'chat-1 health'"),
    ],
    ids=["half of it", "one answer less"],
)
def test_engines_of_a_host_that_answers_in_halves_are_not_judged(
    passes: str, words: str, run_checks: RunChecks, deployment: Deployment
) -> None:
    _answers_through(deployment, passes, where="chat-1 completion")
    outcomes = run_checks("check_engines.py")
    assert {line["result"] for line in outcomes.values()} == {"unreachable"}
    assert words in messages(outcomes)


def test_counters_that_are_no_numbers_are_no_counters(
    run_checks: RunChecks, deployment: Deployment
) -> None:
    _answers_through(
        deployment, "sed 's/requests_processing .*/requests_processing NaN/'", where="completion"
    )
    outcomes = run_checks("check_engines.py")
    assert failed(outcomes) == {"each replica computes while requests run"}
    assert "chat-1 is ready, and its /metrics do not say what it computes" in messages(outcomes)


def _fleet(seen: Mapping[str, Any]) -> Fleet:
    committed = {
        name: cast(
            "Committed",
            SimpleNamespace(host=InventoryHost(name, name, (), {}), replicas=("chat-1",)),
        )
        for name in seen
    }
    return Fleet(Path("/"), committed, seen)


def test_engines_of_all_hosts_are_asked_at_the_same_time_and_once() -> None:
    together = threading.Barrier(3)
    asked = []

    def ask(committed: Committed) -> str:
        asked.append(committed.host.name)
        together.wait(LONGEST_SECONDS)
        return f"{committed.host.name} is well"

    lost = Unreachable("gpu4", "no route to host")
    answer = of_all_hosts(_fleet({"gpu1": 1, "gpu2": 2, "gpu3": 3, "gpu4": lost}), ask)
    assert [answer(name) for name in ("gpu2", "gpu1", "gpu3", "gpu2")][3] == "gpu2 is well"
    assert sorted(asked) == ["gpu1", "gpu2", "gpu3"]
    with pytest.raises(Unreachable, match="no route to host"):
        answer("gpu4")


def test_a_host_whose_engines_cannot_be_asked_costs_no_other_its_answer() -> None:
    def ask(committed: Committed) -> str:
        if committed.host.name == "gpu1":
            raise Unreachable("gpu1", "no answer within 30 s")
        return "well"

    answer = of_all_hosts(_fleet({"gpu1": 1, "gpu2": 2}), ask)
    assert answer("gpu2") == "well"
    with pytest.raises(Unreachable, match="no answer within 30 s"):
        answer("gpu1")
