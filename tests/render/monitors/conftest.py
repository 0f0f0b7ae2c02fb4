"""A Prometheus that watches the whole fleet of tests/render/monitor_plans.py, started once."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.lab.machine import Missing, need
from tests.lab.waiting import until
from tests.render.monitor_plans import MONITOR, rendered, watched_fleet, with_cloud
from tests.render.monitors.scraping import Prometheus, expositions, free_port, prometheus

FOLDER = f"compose/watched/{MONITOR}/monitors/"
# Job -> what was recorded of one; where it is not the same for all, by pool.
RECORDED = {"gateways": "gateway", "cloud": "cloud", "certificates": "blackbox", "gpus": "dcgm"}
ENGINES = {"chat": "llamacpp", "large": "vllm"}


def needed(*programs: str) -> None:
    """Installs them, or skips and says what is missing."""
    try:
        need(*programs)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def fleet_files() -> dict[str, str]:
    """Path below the monitor's own folder -> text."""
    files = rendered(with_cloud(watched_fleet()))
    return {path.removeprefix(FOLDER): files[path] for path in files if path.startswith(FOLDER)}


@pytest.fixture(scope="session")
def prometheus_files(fleet_files: dict[str, str]) -> dict[str, str]:
    """Path below prometheus/ -> text."""
    own = "prometheus/"
    return {path.removeprefix(own): fleet_files[path] for path in fleet_files if own in path[:11]}


@pytest.fixture(scope="session")
def watching(
    prometheus_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """It scrapes what was recorded, itself, and a real node exporter of this machine."""
    needed("prometheus", "promtool", "prometheus-node-exporter")
    with expositions() as address, _node_exporter() as node:

        def place(job: str, labels: Mapping[str, str]) -> tuple[str, str]:
            if job == "hosts":
                return node, "/metrics"
            name = ENGINES[labels["pool"]] if job == "engines" else RECORDED[job]
            return address, f"/{name}"

        folder = tmp_path_factory.mktemp("prometheus")
        with prometheus(prometheus_files, place, folder) as found:
            yield found


@contextmanager
def _node_exporter() -> Iterator[str]:
    """ADDRESS:PORT of one with the collectors that the kit's own has."""
    address = f"127.0.0.1:{free_port()}"
    names = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "stat", "vmstat")
    collectors = [f"--collector.{name}" for name in names]
    command = ["prometheus-node-exporter", "--collector.disable-defaults", *collectors]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, f"--web.listen-address={address}"], **quiet)

    def answers() -> bool:
        try:
            return httpx.get(f"http://{address}/metrics", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        until(answers)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def rule_folder(prometheus_files: dict[str, str], tmp_path: Path) -> Path:
    """The files of Prometheus, for promtool."""
    for path, text in prometheus_files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path
