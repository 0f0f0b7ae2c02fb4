"""Everything that is committed as rendered is accepted by the programs that will read it."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from deploys.plan.arguments import LlamaCppArguments, VllmArguments
from deploys.plan.plan import Plan
from deploys.render.files import render_environment
from deploys.render.release import Access
from tests.certificates.issuing import gateway_pem
from tests.e2e.checkout import ROOT, Checkout
from tests.render.gateway_files import write_files
from tests.render.gpu_plans import CHECKPOINT, LOCALAI, ON_GPUS, VLLM, gpu_plan
from tests.render.monitor_plans import rendered, watched_alone, watched_fleet
from tests.render.plans import HOST

pytestmark = [pytest.mark.docker, pytest.mark.root]

COMPOSE = sorted((ROOT / "compose").glob("*/*/*/compose.yaml"))
GATEWAYS = sorted(path.parent for path in (ROOT / "nginx").glob("*/*/nginx.conf"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=120, check=False
    )


def _tested(nginx: Path, image: str, clients: Path) -> subprocess.CompletedProcess[str]:
    """`nginx -t` in the gateway's image, with the mounts that the deploy gives it."""
    volumes = [
        f"--volume={nginx}:/srv/homeport/gateway/current:ro",
        f"--volume={clients}:/srv/homeport/secrets/gateway:ro",
        f"--volume={_state(nginx, clients)}:/srv/homeport/state/gateway:ro",
    ]
    words = ("--rm", "--network=none", "--user=10001:10001", "--read-only", "--tmpfs=/tmp")
    # Where answers are kept: nginx makes folders there before it says a word.
    volumes.append("--tmpfs=/srv/homeport/state/gateway/answers:mode=1777")
    volumes.append("--tmpfs=/srv/homeport/logs/gateway:mode=1777")
    conf = "/srv/homeport/gateway/current/nginx.conf"
    return _run("docker", "run", *words, *volumes, "--entrypoint=nginx", image, "-t", "-c", conf)


def _state(nginx: Path, clients: Path) -> Path:
    """Nothing is drained: what nginx includes is the rendered file itself."""
    text = (nginx / "pools.conf").read_text()
    included = re.findall(r"state/gateway/(pools/\w+.conf)", (nginx / "nginx.conf").read_text())[0]
    copy = clients / "state" / included
    copy.parent.mkdir(parents=True)
    copy.write_text(text)
    for folder in ("answers", "counters"):
        (clients / "state" / folder).mkdir()
    return clients / "state"


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """A folder with one client's digest, and a certificate for who has TLS."""
    (tmp_path / "clients.map").write_text(f'"{"0" * 64}" "demo";\n')
    (tmp_path / "tls.pem").write_text(gateway_pem())
    tmp_path.chmod(0o755)
    return tmp_path


def _image() -> str:
    """The demo's nginx, for all of them: the official one, of the same branch, is in a registry."""
    release = ROOT / "compose" / "local" / "localhost" / "release.yaml"
    return str(yaml.safe_load(release.read_text())["gateway"]["image"])


def test_there_is_something_rendered() -> None:
    assert COMPOSE
    assert GATEWAYS


@pytest.mark.parametrize("path", COMPOSE, ids=_name)
def test_docker_compose_accepts_it(demo: Checkout, path: Path) -> None:
    assert demo
    done = _run("docker", "compose", "--file", path, "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [ON_GPUS, LOCALAI, VLLM], ids=["llamacpp", "localai", "vllm"])
def test_docker_compose_accepts_engines_on_gpus(
    demo: Checkout, arguments: LlamaCppArguments | VllmArguments, tmp_path: Path
) -> None:
    assert demo
    plan = gpu_plan(arguments, CHECKPOINT, numa_node=0, cpuset="0-1")
    text = render_environment(plan, Access(clients={}), ROOT / "templates")
    path = tmp_path / "compose.yaml"
    path.write_text(text[f"compose/small/{HOST}/gpu_hosts/compose.yaml"])
    done = _run("docker", "compose", "--file", path, "config", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("gateway", GATEWAYS, ids=_name)
def test_nginx_accepts_it(demo: Checkout, gateway: Path, clients: Path) -> None:
    assert demo
    done = _tested(gateway, _image(), clients)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_nginx_refuses_what_is_broken(demo: Checkout, clients: Path, tmp_path: Path) -> None:
    assert demo
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in GATEWAYS[0].iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "pools.conf").write_text("upstream pool_chat {}\n")
    done = _tested(broken, _image(), clients)
    assert done.returncode != 0
    assert "no servers are inside upstream" in done.stderr


@pytest.mark.parametrize("plan", [watched_alone(), watched_fleet()], ids=["alone", "fleet"])
def test_docker_compose_accepts_what_watches_and_what_is_watched(
    demo: Checkout, plan: Plan, tmp_path: Path
) -> None:
    assert demo
    write_files(rendered(plan), tmp_path)
    files = [*tmp_path.rglob("monitors/compose.yaml"), *tmp_path.rglob("exporters/compose.yaml")]
    assert len(files) == len(plan.hosts) + 1
    for path in files:
        done = _run("docker", "compose", "--file", path, "config", "--quiet")
        assert (done.returncode, done.stderr) == (0, ""), path
