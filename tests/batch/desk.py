"""A checkout with one environment, whose gateway is a scripted one, and the command in it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploys.batch.offer import Offer, offer_of
from deploys.cli import batch
from deploys.cli.main import exit_code
from deploys.cli.stages import run_stages
from deploys.settings import inventory
from deploys.settings.gateway import Gateway
from deploys.settings.pool import Pool
from tests.batch.batch_files import EMBEDDINGS, write_lines
from tests.batch.scripted_gateway import ScriptedGateway
from tests.environments import POOL, WORDS, write_environment

KEY = "key-of-the-batch"
RELEASE = "compose/small/localhost/release.yaml"
HOST = {"name": "@local", "groups": ["small", "gpu_hosts", "gateways"]}
# Words of an environment -> its release: planning and rendering take longer than most tests.
_RENDERED: dict[str, str] = {}


@dataclass(frozen=True)
class Desk:
    """The environment is called `small`; batch files lie in the root."""

    root: Path
    gateway: ScriptedGateway

    def run(self, lines: list[Any] | None = None, *words: str) -> int:
        """`homeport batch run small in.jsonl`, of these lines if they are new; its exit code."""
        if lines is not None:
            write_lines(self.root / "in.jsonl", lines)
        return exit_code(["batch", "run", "small", "in.jsonl", *words])

    @property
    def answers(self) -> Path:
        """What has been answered."""
        return self.root / "in.answers.jsonl"

    @property
    def dead(self) -> Path:
        """What has not."""
        return self.root / "in.dead.jsonl"


Settle = Callable[[Mapping[str, object]], Desk]


def settled(
    root: Path,
    gateway: ScriptedGateway,
    words: Mapping[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Writes and commits the environment; pyinfra itself takes a second to start."""
    pools = {"chat": {**POOL, "aliases": ["gpt-4o"]}}
    entrance = {"address": "127.0.0.1", "port": gateway.port, "admin_port": 18081}
    data = {**WORDS, "pools": pools, "gateway": entrance, **words}
    write_environment(root, data)
    answer = [{**HOST, "data": json.loads(json.dumps({**data, "directory": ".homeport/small"}))}]
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: answer)
    monkeypatch.setattr(batch, "offer_of", with_embeddings)
    monkeypatch.setenv("HOMEPORT_TEST_KEY", KEY)
    monkeypatch.chdir(root)
    _commit(root, json.dumps(words), f":{gateway.port}\n")
    return Desk(root, gateway)


def with_embeddings(pools: Mapping[str, Pool], gateway: Gateway) -> Offer:
    """The environment's own, and a pool `embed` that no engine could be started for yet."""
    offer = offer_of(pools, gateway)
    return Offer({**offer.models, EMBEDDINGS: {"embed": "embed"}}, offer.body_limit_bytes)


def _commit(root: Path, words: str, port: str) -> None:
    if words not in _RENDERED:
        _RENDERED[words] = run_stages(root, "small").files[RELEASE].replace(port, ":PORT\n")
    release = root / RELEASE
    release.parent.mkdir(parents=True, exist_ok=True)
    release.write_text(_RENDERED[words].replace(":PORT\n", port))
