"""A Prometheus that watches the whole fleet of tests/render/monitor_plans.py, started once."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.render.monitor_plans import MONITOR, rendered, watched_fleet, with_cloud
from tests.render.monitors.scraping import (
    Prometheus,
    expositions,
    needed,
    node_exporter,
    prometheus,
)

FOLDER = f"compose/watched/{MONITOR}/monitors/"
# Job -> what was recorded of one; where it is not the same for all, by pool.
RECORDED = {"gateways": "gateway", "cloud": "cloud", "certificates": "blackbox", "gpus": "dcgm"}
ENGINES = {"chat": "llamacpp", "large": "vllm"}


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
    with expositions() as address, node_exporter() as node:

        def place(job: str, labels: Mapping[str, str]) -> tuple[str, str]:
            if job == "hosts":
                return node, "/metrics"
            name = ENGINES[labels["pool"]] if job == "engines" else RECORDED[job]
            return address, f"/{name}"

        folder = tmp_path_factory.mktemp("prometheus")
        with prometheus(prometheus_files, place, folder) as found:
            yield found


@pytest.fixture
def rule_folder(prometheus_files: dict[str, str], tmp_path: Path) -> Path:
    """The files of Prometheus, for promtool."""
    for path, text in prometheus_files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path
