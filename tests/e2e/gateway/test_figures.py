"""A real gateway's figures, and a real llama-server's, as a real Prometheus scrapes them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx
import pytest

from deploys.catalogue.tiny import write_tiny
from deploys.plan.plan import Plan
from deploys.render.monitors.reading import rules_of
from deploys.render.nginx_figures import FIGURES_PORT
from deploys.settings.monitoring import Monitoring
from tests.e2e.gateway_lab import Lab, docker, own_address, running_lab
from tests.e2e.gateway_tree import SETTINGS, write_gateway
from tests.lab import plain_http
from tests.lab.kit_images import kit_images
from tests.lab.waiting import until
from tests.render.gateway_files import gateway_files
from tests.render.monitor_plans import IMAGES, WATCH, rendered
from tests.render.monitors.scraping import Prometheus, needed, node_exporter, prometheus
from tests.render.plans import small_plan, small_pool

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

POOLS = (small_pool("chat", 2),)
FILES = "compose/small/gateway1/monitors/prometheus/"
LLAMA = ("--alias", "chat", "--ctx-size", "1024", "--parallel", "2", "--threads", "1", "--metrics")


def _watched() -> Plan:
    """The plan of the gateway's lab, of one host that also watches."""
    plan = small_plan(*POOLS, gateway=SETTINGS)
    host = replace(plan.hosts[0], roles=("gpu_hosts", "gateways", "monitors"))
    watch = Monitoring.model_validate({**WATCH, "alerts": None}, strict=False)
    return replace(plan, hosts=(host,), monitoring=watch, images=IMAGES)


PLAN = _watched()


@pytest.fixture(scope="module")
def started_lab(tmp_path_factory: pytest.TempPathFactory, nginx_image: str) -> Iterator[Lab]:
    """A gateway that counts, in front of two fake engines."""
    folder = tmp_path_factory.mktemp("gateway")
    with running_lab(folder, nginx_image, POOLS) as lab:
        write_gateway(folder, gateway_files(PLAN))
        lab.reload()
        yield lab


@pytest.fixture(scope="module")
def llama(started_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """ADDRESS:PORT of a real llama-server on the lab's network, which has answered."""
    models = tmp_path_factory.mktemp("models")
    write_tiny(models / "tiny.gguf")
    models.chmod(0o755)
    (models / "tiny.gguf").chmod(0o644)
    name = started_lab.container("llama")
    docker(
        "run", "--detach", f"--name={name}", f"--network={started_lab.name}", "--read-only",
        "--user=10001", "--tmpfs=/tmp", f"--volume={models}:/models:ro",
        "--entrypoint=llama-server", kit_images()["llamacpp"], "--model", "/models/tiny.gguf",
        "--host", "0.0.0.0", "--port", "8080", *LLAMA,  # noqa: S104 - in a container
    )  # fmt: skip
    try:
        address = f"{own_address(name)}:8080"
        until(lambda: _is_well(address), account=lambda: docker("logs", "--tail=20", name))
        ask = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 8}
        url = f"http://{address}/v1/chat/completions"
        plain_http.post(url, json=ask, timeout=60).raise_for_status()
        yield address
    finally:
        docker("rm", "--force", name, expect=None)


def _is_well(address: str) -> bool:
    try:
        return plain_http.get(f"http://{address}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _figures(lab: Lab) -> str:
    address = f"{own_address(lab.container('nginx'))}:{FIGURES_PORT}"
    answer = plain_http.get(f"http://{address}/metrics", timeout=5)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4"
    return answer.text


def _number(lab: Lab, series: str) -> int:
    """nginx counts when it writes its log, after the answer."""
    found = dict(line.rsplit(" ", 1) for line in _figures(lab).splitlines() if line[0] != "#")
    return int(found.get(series, 0))


def test_answers_and_refusals_are_counted_and_the_log_has_a_line_for_each(lab: Lab) -> None:
    answers = 'homeport_gateway_requests_total{pool="chat",status="200"}'
    refusals = 'homeport_gateway_refusals_total{pool="",code="wrong_key"}'
    before = {name: _number(lab, name) for name in (answers, refusals)}
    lines = len(lab.log())
    assert lab.chat().status_code == 200
    assert lab.chat(headers={"Authorization": "Bearer wrong"}).status_code == 401
    wanted = {name: number + 1 for name, number in before.items()}
    until(lambda: {name: _number(lab, name) for name in before} == wanted)
    assert len(lab.log()) == lines + 2


def test_a_request_that_is_tried_again_counts_both_tries(lab: Lab) -> None:
    answers = 'homeport_gateway_requests_total{pool="chat",status="200"}'
    tries = 'homeport_gateway_tries_total{pool="chat"}'
    lab.engines("says 503", "chat-1")
    answered, tried = _number(lab, answers), _number(lab, tries)
    for _ in range(4):
        assert lab.chat().status_code == 200
    until(lambda: _number(lab, answers) == answered + 4 and _number(lab, tries) > tried + 4)


def test_counts_outlive_a_reload(lab: Lab) -> None:
    tries = 'homeport_gateway_tries_total{pool="chat"}'
    before = _number(lab, tries)
    assert lab.chat().status_code == 200
    until(lambda: _number(lab, tries) > before)
    counted = _number(lab, tries)
    lab.reload()
    assert _number(lab, tries) == counted


def test_clients_reach_no_figures(lab: Lab) -> None:
    assert plain_http.get(f"{lab.url}/metrics", timeout=5).status_code in (401, 404)
    assert "homeport_gateway" not in plain_http.get(f"{lab.admin_url}/metrics", timeout=5).text


@pytest.fixture(scope="module")
def watching(
    started_lab: Lab, llama: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A real Prometheus with the files of this host, that scrapes nginx and llama-server."""
    needed("prometheus", "prometheus-node-exporter")
    # What has never happened has no series.
    assert started_lab.chat().status_code == 200
    files = {
        path.removeprefix(FILES): text
        for path, text in rendered(PLAN).items()
        if path.startswith(FILES)
    }
    with node_exporter() as node:
        gateway = f"{own_address(started_lab.container('nginx'))}:{FIGURES_PORT}"
        places = {"engines": llama, "gateways": gateway, "hosts": node}

        def place(job: str, _labels: Mapping[str, str]) -> tuple[str, str]:
            return places[job], "/metrics"

        with prometheus(files, place, tmp_path_factory.mktemp("prometheus")) as found:
            yield found


def test_what_rules_ask_of_gateways_and_llama_server_is_there(watching: Prometheus) -> None:
    asked = [
        (name, query, empty)
        for name, rules in rules_of(PLAN).items()
        for query, empty in (
            *((one.value, "") for one in rules.records),
            *((one.value, one.empty) for one in rules.alerts),
        )
    ]
    assert {name for name, _, _ in asked} >= {"engines", "llamacpp", "gateways", "njs", "hosts"}

    def without() -> list[tuple[str, str]]:
        return [(n, query) for n, query, empty in asked if not empty and not watching.series(query)]

    until(lambda: not without(), every_seconds=1, account=without)


def test_figures_of_engines_carry_pool_replica_and_host(watching: Prometheus) -> None:
    def found() -> list[tuple[str, str, str]]:
        series = [one["metric"] for one in watching.series("homeport:replica_running_requests")]
        return sorted((one["pool"], one["replica"], one["host"]) for one in series)

    wanted = [("chat", "chat-1", "gateway1"), ("chat", "chat-2", "gateway1")]
    until(lambda: found() == wanted, account=found)
