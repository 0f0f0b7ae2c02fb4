"""What the real vLLM says of itself: its log as the kit reads it, figures as Prometheus does."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from checks.probes.engine_logs import vllm
from deploys.render.monitors.reading import every_dashboard, every_rule
from tests.lab.served import MONITOR, NAME, Served
from tests.lab.vllm_fleet import commit
from tests.lab.vllm_image import vllm_version
from tests.lab.waiting import until
from tests.real_vllm.asking import chat, told
from tests.render.monitors.scraping import Prometheus, expositions, needed, prometheus

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(1800)]

OF_ENGINES = ("vllm:", "homeport:replica_")
# Of a replica, from within: the monitor beside it asks over Docker's own network.
FIND = "docker ps --quiet --filter label=com.docker.compose.service={}"
FETCH = f"docker exec $({FIND}) curl --silent http://127.0.0.1:8080/metrics"


def test_its_log_tells_the_version_and_the_cache_that_it_has(on_vllm: Served) -> None:
    lines = on_vllm.host("gpu1").run(f"docker logs $({FIND.format('chat-1')}) 2>&1").splitlines()
    found = vllm.read(lines)
    assert found.version.startswith(vllm_version())
    assert found.pool is not None
    assert found.pool.tokens


def _queries() -> Iterator[tuple[str, str]]:
    """Where it stands and PromQL, of all that is asked of vLLM's figures; those that may be empty
    say why, and are none of them.
    """
    rules = every_rule()["vllm"]
    yield from ((one.record, one.value) for one in rules.records)
    yield from ((one.alert, one.value) for one in rules.alerts if not one.empty)
    for name, dashboard in every_dashboard().items():
        for panel in dashboard.panels:
            for query in panel.queries:
                if any(word in query.value for word in OF_ENGINES) and not query.empty:
                    yield f"{name}: {panel.title}", query.value


@contextmanager
def _relay(served: Served, replicas: Mapping[str, str]) -> Iterator[str]:
    """ADDRESS:PORT of a server that passes on what each replica (and its host) told last.

    Asked beside the scrapes, which have two seconds: a way into a container may take longer.
    """
    told: dict[str, bytes] = {}
    over = threading.Event()

    def keep_asking() -> None:
        while not over.wait(0.5):
            for replica, host in replicas.items():
                text = served.host(host).run(FETCH.format(replica), check=False)
                told[replica] = f"{text}\n".encode()

    class Passed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """/REPLICA."""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(told.get(self.path.strip("/"), b""))

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passed)
    threads = [threading.Thread(target=one) for one in (keep_asking, server.serve_forever)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(told) == len(replicas) and all(map(bytes.strip, told.values())))
        yield f"127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def scraped(on_vllm: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus with the fleet's own configuration: engines are asked, all else was recorded."""
    needed("prometheus")
    password = on_vllm.checkout.path / ".homeport" / "grafana.password"
    password.touch(0o600)
    password.write_text("not asked for here")
    commit(on_vllm, monitoring={"grafana_password": "file:.homeport/grafana.password"})
    folder = on_vllm.checkout.path / "compose" / NAME / MONITOR / "monitors" / "prometheus"
    files = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    engines = _engines(files["prometheus.yaml"])
    commit(on_vllm)
    with expositions() as recorded, _relay(on_vllm, engines) as relay:

        def place(job: str, labels: Mapping[str, str]) -> tuple[str, str]:
            if job == "engines":
                return relay, f"/{labels['replica']}"
            known = {"gateways": "gateway", "gpus": "dcgm"}
            return recorded, f"/{known.get(job, 'cloud')}"

        with prometheus(files, place, tmp_path_factory.mktemp("prometheus")) as found:
            yield found


def _engines(configuration: str) -> dict[str, str]:
    """Replicas that the plan has scraped, and the host of each."""
    jobs = {one["job_name"]: one for one in yaml.safe_load(configuration)["scrape_configs"]}
    labels = (one["labels"] for one in jobs["engines"]["static_configs"])
    return {one["replica"]: one["host"] for one in labels}


def test_every_query_of_engines_has_series_of_the_real_vllm(
    on_vllm: Served, scraped: Prometheus
) -> None:
    queries = [*_queries()]
    assert len(queries) > 8

    def lacking() -> list[str]:
        told(chat(on_vllm, max_tokens=4))
        return [place for place, query in queries if not scraped.series(query)]

    until(lambda: not lacking(), every_seconds=2, account=lacking)


def test_what_it_generated_is_counted_by_replica(on_vllm: Served, scraped: Prometheus) -> None:
    query = 'sum(vllm:generation_tokens_total{pool="chat",replica="chat-1"})'

    def counted() -> float:
        return sum(float(one["value"][1]) for one in scraped.series(query))

    before = until(counted)
    told(chat(on_vllm, max_tokens=16))
    until(lambda: counted() >= before + 16, account=counted)


def test_recorded_figures_are_those_that_the_real_one_tells(on_vllm: Served) -> None:
    """What tests without Docker read is from 0.33.0's own code; every name in it that is asked for
    is there.
    """
    text = on_vllm.host("gpu1").run(FETCH.format("chat-1"))
    recorded = Path(__file__).parents[1] / "render" / "monitors" / "expositions" / "vllm.txt"
    names = {_name(line) for line in recorded.read_text().splitlines() if line.startswith("vllm:")}
    real = {_name(line) for line in text.splitlines() if line.startswith("vllm:")}
    asked = {name for name in names if any(name in query for _, query in _queries())}
    assert asked
    assert asked <= real


def _name(line: str) -> str:
    return line.partition("{")[0].partition(" ")[0]
