"""A repository with the committed catalogue, and a model to take in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checks.benchmarks.client import limits
from checks.benchmarks.load import measure
from deploys.catalogue.tiny import write_tiny
from deploys.cli import canary_steps
from deploys.cli.main import exit_code
from deploys.render.release_gateway import CanaryRelease
from deploys.settings import inventory
from deploys.settings.canary import Canary
from tests.checks.benchmarks.brief import brief_run
from tests.checks.benchmarks.scripted_server import Script
from tests.checks.deployment import KEY, REVISION, Deployment, deploy
from tests.checks.fake_gateway import Behaviour, fake_gateway
from tests.cli.bench_gateway import Bench, applied, streaming_gateway
from tests.cli.canary_gateway import HOST, Gateway
from tests.cli.cost_desk import Cost, desk
from tests.environments import demo_catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def gateway_port() -> Iterator[int]:
    """A gateway that behaves."""
    with fake_gateway(Behaviour(KEY, release=REVISION)) as port:
        yield port


@pytest.fixture
def deployment(tmp_path: Path, gateway_port: int, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A checkout with the real checks, and everything deployed as committed."""
    found = deploy(tmp_path, f"127.0.0.1:{gateway_port}")
    shutil.copytree(ROOT / "checks", tmp_path / "checks")
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Its root."""
    for folder in ("inventories", "deploys"):
        (tmp_path / folder).mkdir()
    (tmp_path / "inventories" / "models.yaml").write_text(demo_catalogue())
    return tmp_path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A whole GGUF file."""
    return write_tiny(tmp_path / "My_Model-7B.Q4_K_M.gguf")


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Everything as committed, and no share yet."""
    found = deploy(tmp_path)
    assert found.release.gateway is not None
    words = CanaryRelease(model="old", words=Canary(candidate="chat"))
    found.commit(gateway=found.release.gateway.model_copy(update={"canaries": {"old": words}}))
    monkeypatch.setattr(inventory, "_ask_pyinfra", lambda *_: [HOST])
    monkeypatch.setenv("PATH", f"{found.docker.folder}:/usr/local/bin:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    one = Gateway(found, [])
    one.says("old=0")
    one.logs(candidate_errors=0.01, requests=20)
    monkeypatch.setattr(canary_steps, "run_pyinfra", one.run)
    return one


@pytest.fixture
def streaming() -> Iterator[Script]:
    """Streams four words to each request."""
    with streaming_gateway() as found:
        yield found


@pytest.fixture
def brief_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks send some requests, and wait for nothing."""
    monkeypatch.setattr(measure, "one_run", brief_run)
    # The machine of a test may be busy with others, and what comes from loopback comes at once.
    for name in ("MOST_CORE_SHARE", "MOST_LAG_SECONDS", "MOST_SEND_SECONDS"):
        monkeypatch.setattr(limits, name, 1e9)


@pytest.fixture
def bench(
    tmp_path: Path, streaming: Script, brief_runs: None, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    """`homeport bench small` with these words, in an environment whose gateway this is."""
    assert brief_runs is None
    applied(tmp_path, streaming.port, monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: exit_code(["bench", "small", *words])


@pytest.fixture
def cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cost:
    """`homeport cost small` with these words, where costs and one cloud's price are known."""
    return desk(tmp_path, monkeypatch)
