"""The demo's gateway with a tier: the checks meet its limits, and find one that is not loaded."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import Checkout

pytestmark = [pytest.mark.docker, pytest.mark.root]

# Used up and whole again within four seconds.
TIER = '"tiers": {"slow": {"requests_per_second": 5, "burst": 20, "concurrent_requests": 2}}'
CLIENT = '"slow": {"key": "file:.homeport/slow.key", "tier": "slow"}'
SETTINGS = "inventories/group_data/local.py"
AT_ONCE = "a client has no more at once than its tier allows"
TOO_OFTEN = "a client that asks too often is told when to come again"
OTHERS = {
    "mistakes are refused in one shape",
    "a body may be as large as allowed and no larger",
    "whoever has no key is refused for less and less",
}


def outcomes(checkout: Checkout, folder: Path, expect: int) -> dict[str, dict[str, Any]]:
    """What each check of limits says, by its name."""
    file = folder / f"results-{expect}"
    command = ".venv/bin/pytest -q checks/check_limits.py --environment=local --results"
    checkout.run(f"{command}={file}", expect=expect)
    return {line["check"]: line for line in map(json.loads, file.read_text().splitlines())}


def test_the_demos_own_gateway_refuses_what_is_too_much(demo: Checkout, tmp_path: Path) -> None:
    found = outcomes(demo, tmp_path, 0)
    assert {name: line["result"] for name, line in found.items()} == dict.fromkeys(OTHERS, "passed")


def test_a_tiers_limits_bite_and_one_that_is_committed_alone_is_found(
    changed: Checkout, tmp_path: Path
) -> None:
    key = changed.path / ".homeport" / "slow.key"
    key.touch(0o600)
    key.write_text("hp-slow-0123456789\n")
    changed.edit(SETTINGS, '"admin_port": 8081}', f'"admin_port": 8081, {TIER}}}')
    changed.edit(SETTINGS, "clients = {", f"clients = {{{CLIENT},")
    changed.homeport("render local")
    changed.homeport("apply local --no-verify")
    try:
        found = outcomes(changed, tmp_path, 0)
        assert {line["result"] for line in found.values()} == {"passed"}
        assert set(found) == OTHERS | {AT_ONCE, TOO_OFTEN}
        # Nobody has applied what is committed now.
        changed.edit(SETTINGS, '"concurrent_requests": 2', '"concurrent_requests": 1')
        changed.homeport("render local")
        found = outcomes(changed, tmp_path, 1)
        assert [name for name, one in found.items() if one["result"] == "failed"] == [AT_ONCE]
        assert "one more than 1 at once: is let in" in found[AT_ONCE]["message"]
    finally:
        key.unlink()
