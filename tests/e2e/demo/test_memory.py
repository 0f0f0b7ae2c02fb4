"""A real engine's own account is what was planned, and the next plan learns from it."""

import subprocess
from typing import Any

import pytest
import yaml

from checks.probes.engine_starts import log_of_this_start
from deploys.settings.engine_versions import PINNED
from tests.e2e.checkout import Checkout, docker
from tests.e2e.vector_store import until

pytestmark = [pytest.mark.docker, pytest.mark.root]
FILE = "inventories/calibration/local.yaml"


def test_the_real_engines_take_what_was_planned(demo: Checkout) -> None:
    command = ".venv/bin/pytest checks/check_memory.py --environment=local -q"
    assert "4 passed" in demo.run(command).stdout


def test_the_next_plan_uses_what_the_real_engines_reported(changed: Checkout) -> None:
    assert f"wrote {FILE}" in changed.homeport("calibrate local")
    try:
        told = changed.homeport("plan local", expect=2)
        assert _uses(yaml.safe_load((changed.path / FILE).read_text())) in told
        assert "nothing new" in changed.homeport("calibrate local")
    finally:
        (changed.path / FILE).unlink()


def test_all_that_was_said_since_the_last_start_is_read(nginx_image: str) -> None:
    says = ("--entrypoint", "sh", nginx_image, "-c", "date +%s%N; exec sleep 1000")
    container = docker("run", "--detach", *says).strip()
    try:
        said = set[str]()
        # Docker's note of a start is late for about every second one.
        for _ in range(6):
            until(lambda: len(_log(container)) > 0, "its first word", seconds=60)
            (line,) = _log(container)
            said.add(line)
            docker("restart", "--time", "0", container)
        assert len(said) == 6
    finally:
        docker("rm", "--force", container)


def _log(container: str) -> list[str]:
    command = ["bash", "-c", log_of_this_start(container)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def _uses(written: dict[str, Any]) -> str:
    """What the plan says of these measurements: Debian's build may have moved past the pinned."""
    (found,) = {one["version"] for one in written["hosts"]["localhost"]}
    pinned = PINNED["llamacpp"]
    if found == pinned:
        return f"calibrated on localhost, {pinned}: "
    return (
        f"ignored: the calibration on localhost is of {found} in RAM, "
        f"this plan is for {pinned} in RAM"
    )


def test_an_engine_that_takes_something_else_is_found(changed: Checkout) -> None:
    manifest = "compose/local/localhost/release.yaml"
    changed.edit(manifest, "kv_cache: 4.0", "kv_cache: 8.0")
    command = ".venv/bin/pytest checks/check_memory.py --environment=local -q"
    told = changed.run(command, expect=1).stdout
    assert "CPU kv cache: planned 8.00 MiB, reported 4.00 MiB" in told
