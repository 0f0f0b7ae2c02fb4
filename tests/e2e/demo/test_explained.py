"""What a real llama-server says of a model that was cut off is explained where it is found."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.checkout import Checkout, containers, docker
from tests.lab.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.root]

CAUSE = "a file of the model is cut off or damaged"


def _put(file: Path, content: bytes) -> None:
    """In another file of that name: the other replica has the old one mapped."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    shutil.copymode(file, new)
    new.replace(file)


def _state(container: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


def test_verify_says_why_a_real_engine_ends_and_what_mends_it(changed: Checkout) -> None:
    ids = containers()
    (model,) = (changed.directory / "models").rglob("tiny-random.gguf")
    whole = model.read_bytes()
    _put(model, whole[: len(whole) // 2])
    try:
        docker("restart", "--time", "1", ids["chat-1"])
        until(lambda: _state(ids["chat-1"])["RestartCount"] > 0)
        told = changed.homeport("verify local", expect=5)
        explain = ".venv/bin/homeport explain - --environment local"
        pasted = changed.run(f"docker logs {ids['chat-1']} 2>&1 | {explain}").stdout
        # Until it is ready: after that it tells of requests that checks want refused.
        begun = f"docker logs {ids['chat-2']} 2>&1 | sed '/all slots are idle/q'"
        healthy = changed.run(f"{begun} | {explain}").stdout
    finally:
        _put(model, whole)
        # By hand: its restarts are counted from nothing again.
        docker("restart", "--time", "1", ids["chat-1"])
        until(lambda: _state(ids["chat-1"])["State"]["Health"]["Status"] == "healthy")
    assert f"chat-1: cause: {CAUSE}" in told
    assert "remedy: `homeport drift local`: names the file whose size differs" in told
    assert f"1. {CAUSE}" in pasted
    assert healthy.startswith("nothing in its ")
    assert _state(ids["chat-1"])["RestartCount"] == 0
