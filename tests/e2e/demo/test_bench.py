"""`homeport bench` through the demo's real gateway: real llama.cpp, measured, kept and compared."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from checks.benchmarks.kept import Kept, folder, last, sides
from checks.benchmarks.numbers.gate import Finding, Side, compare
from deploys.cli.exit_codes import ExitCode
from tests.e2e.checkout import ENVIRONMENT, Checkout

pytestmark = [pytest.mark.docker, pytest.mark.root]

PROMPT_TOKENS, COMPLETION_TOKENS = 64, 96
USERS = "4 users"
BENCH = (
    f"bench {ENVIRONMENT} --concurrency 1,4 --rate 2 --seconds 4 --warm-up 1 --runs 2"
    f" --prompt-tokens {PROMPT_TOKENS} --completion-tokens {COMPLETION_TOKENS}"
)
DATA = "inventories/group_data/local.py"


def _kept(demo: Checkout, document: Mapping[str, Any]) -> Kept:
    """A benchmark as it lies on the disk."""
    where = folder(demo.path, ENVIRONMENT)
    found = last(where, document["workload"], "", str(document["fleet"]))
    assert found is not None
    return found


def _sides(kept: Kept) -> dict[str, Side]:
    """Its loads, however busy this machine was."""
    found = sides(kept.document, kept.rows())
    return {load: replace(side, client_limited=False) for load, side in found.items()}


def _regressed(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(one.load, one.figure) for one in findings if one.verdict == "regressed"}


@pytest.fixture(scope="module")
def measured(demo: Checkout) -> dict[str, Any]:
    """The committed release's benchmark."""
    told = demo.run(f".venv/bin/homeport {BENCH} --json --against none").stdout
    document: dict[str, Any] = json.loads(told)
    return document


def test_closed_and_open_loops_are_answered_by_all_replicas_of_the_fleet(
    measured: dict[str, Any],
) -> None:
    loads = {one["load"]: one for one in measured["loads"]}
    assert list(loads) == ["1 user", USERS, "2/s"]
    for one in loads.values():
        assert set(one["outcomes"]) == {"answered"}
        assert set(one["providers"]) == {"fleet"}
        assert one["latency"]["first_token"]["p50"]["value"] > 0
        assert one["tokens"]["counted_by_usage"] == 1
    assert len(loads[USERS]["replicas"]) == 2


def test_lengths_are_what_was_asked_for_by_the_engines_own_count(
    measured: dict[str, Any],
) -> None:
    """The tokenizer's words were weighed, and the engine has not ended early."""
    for one in measured["loads"]:
        assert one["tokens"]["completion"] == COMPLETION_TOKENS
        assert one["tokens"]["prompt"] == pytest.approx(PROMPT_TOKENS, abs=16)


def test_every_request_is_kept_with_the_release(demo: Checkout, measured: dict[str, Any]) -> None:
    kept = _kept(demo, measured)
    assert kept.document == measured
    assert len(kept.rows()) == sum(one["requests"] for one in measured["loads"])


def test_a_release_passes_the_gate_against_itself(demo: Checkout, measured: dict[str, Any]) -> None:
    same = _sides(_kept(demo, measured))
    findings = compare(same, same)
    assert {one.load for one in findings} == {one["load"] for one in measured["loads"]}
    assert _regressed(findings) == set()


def test_a_release_that_is_really_slower_fails_the_gate(
    changed: Checkout, measured: dict[str, Any]
) -> None:
    """One slot for four users, where there were four: three wait while one is answered."""
    changed.edit(DATA, '"replicas": 2', '"replicas": 1')
    changed.edit(DATA, '"slots": 2', '"slots": 1')
    changed.edit(DATA, '"rollout": "shift"', '"rollout": "swap"')
    changed.homeport(f"render {ENVIRONMENT}")
    told = changed.homeport(BENCH, expect=ExitCode.REFUSED)
    assert f"runs {measured['fleet']}, not " in told
    changed.homeport(f"apply {ENVIRONMENT} --no-verify")
    done = changed.run(f".venv/bin/homeport {BENCH} --json", expect=None)
    assert done.returncode in (ExitCode.DONE, ExitCode.VERIFICATION_FAILED), done.stderr
    document = json.loads(done.stdout)
    assert document["gate"]["fleet"] == measured["fleet"]
    before, now = (_sides(_kept(changed, one)) for one in (measured, document))
    assert (USERS, "first token p50") in _regressed(compare(now, before))
    # A client that was the limit accuses nobody: on a machine that is busy with other tests.
    limited = USERS in {*measured["client_limited"], *document["client_limited"]}
    assert limited or done.returncode == ExitCode.VERIFICATION_FAILED
