"""An environment with costs, clouds' prices and a kept benchmark, for `homeport cost small`."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from checks.benchmarks.kept import folder, keep
from checks.benchmarks.load.point import Load, Point, Run
from checks.benchmarks.numbers.rows import rows
from deploys.cli import cost_use
from deploys.cli.main import exit_code
from deploys.settings.cloud_prices import FILE
from tests.batch.desk import RELEASE, settled
from tests.batch.scripted_gateway import ScriptedGateway
from tests.checks.benchmarks.releases import documented
from tests.checks.benchmarks.samples import answered

COST = {"currency": "EUR", "power_per_kwh": 0.20, "pue": 1.5, "staff_per_month": 150.0}
HOST_COST = {"price": 4800.0, "years": 4, "rack_per_month": 50.0,
             "host_watts": {"idle": 100, "load": 400}}  # fmt: skip
# Read today: a price of any other day grows old by itself.
TODAY = datetime.now(UTC).date().isoformat()
PRICE = {
    "provider": "acme", "model": "large", "prompt": 2.5, "completion": 10.0, "currency": "EUR",
    "date": TODAY, "source": "https://acme.example/pricing",
}  # fmt: skip
# What a calculation by hand has begun with: see tests/checks/benchmarks/cost/examples.py.
BY_HAND = ("--tokens-per-second", "1000", "--prompt-tokens", "300", "--completion-tokens", "100")
OFFLINE = ("--since", "none")
Cost = Callable[..., int]
"""`homeport cost small` with these words; its exit code."""


def desk(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: Mapping[str, object] | None = None
) -> Cost:
    """The environment `small`, and one cloud's price; `words` replaces some of its group data."""
    settings = {"cost": COST, "host_cost": HOST_COST, **(words or {})}
    settled(root, ScriptedGateway(port=1), settings, monkeypatch)
    prices(root, PRICE)
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *options: exit_code(["cost", "small", *options])


def logs(monkeypatch: pytest.MonkeyPatch, begin: datetime | None, *lines: str) -> list[str]:
    """Has the gateway's log begin then and hold these lines; gives how far back was asked."""
    asked: list[str] = []

    def log(_host: object, _project: str, since: str) -> Iterator[str]:
        asked.append(since)
        return iter(lines)

    monkeypatch.setattr(cost_use, "log_begin", lambda *_: begin)
    monkeypatch.setattr(cost_use, "access_log", log)
    return asked


def told_as_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What was printed."""
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def prices(root: Path, *found: Mapping[str, object]) -> None:
    """The file of clouds' prices."""
    (root / FILE).write_text(yaml.safe_dump({"prices": [dict(one) for one in found]}))


def benchmark(root: Path, *, fleet: str = "", slow: bool = False, loop: str = "closed") -> Path:
    """Keeps one: four users, 100 answers of 11 tokens to prompts of 20 in 10 s."""
    load = Load("closed", users=4) if loop == "closed" else Load("open", per_second=10)
    first = 5.0 if slow else 0.1
    samples = [answered(number / 10, first=first) for number in range(100)]
    point = Point(load, [Run(0, 10, samples)])
    name = fleet or str(yaml.safe_load((root / RELEASE).read_text())["release"])
    whole = documented(point, fleet=name, time="2026-11-20T00:00:00Z")
    return keep(folder(root, "small"), whole, list(rows([point])))


def with_energy(path: Path, uuid: str, idle: float, load: float) -> None:
    """Adds to a kept benchmark what one GPU took."""
    whole = json.loads(path.read_text())
    gpu = {"host": "localhost", "uuid": uuid, "way": "energy counter", "idle_watts": idle}
    whole["energy"] = {"gpus": [{**gpu, "load_watts": {"4 users": load}}], "remarks": ["seen"]}
    path.write_text(json.dumps(whole))


def on_a_gpu(root: Path, uuid: str) -> None:
    """Has every committed replica use this GPU."""
    path = root / RELEASE
    release = yaml.safe_load(path.read_text())
    for replica in release["replicas"]:
        replica["devices"][0]["gpu"] = uuid
    path.write_text(yaml.safe_dump(release))
