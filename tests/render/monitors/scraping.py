"""A real Prometheus with the rendered configuration, on loopback, which asks whom a test says."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.lab import plain_http
from tests.lab.machine import Missing, need
from tests.lab.waiting import LONGEST_SECONDS, until
from tests.render.gateway_files import write_files

EXPOSITIONS = Path(__file__).with_name("expositions")
# A certificate that was recorded ends once; what is told is one that has this long to live.
CERTIFICATE_DAYS = 80
_ENDS = "probe_ssl_earliest_cert_expiry"

# Job and the labels of a target -> the address that is asked instead, and its path.
Place = Callable[[str, Mapping[str, str]], tuple[str, str]]


def needed(*programs: str) -> None:
    """Installs them, or skips and says what is missing."""
    try:
        need(*programs)
    except Missing as missing:
        pytest.skip(str(missing))


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    url: str

    def ask(self, path: str, **words: str) -> Any:  # noqa: ANN401 - JSON
        """The data of an answer; fails with Prometheus's own words."""
        said = plain_http.get(f"{self.url}/api/v1/{path}", params=words, timeout=30)
        assert said.status_code == 200, f"{words}: {said.text}"
        return said.json()["data"]

    def series(self, query: str) -> list[dict[str, Any]]:
        """What an instant query gives."""
        found: list[dict[str, Any]] = self.ask("query", query=query)["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Every rule of every group."""
        return [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]

    def lost(self) -> dict[str, str]:
        """URL -> why it could not be scraped, of those that could not, or were not yet."""
        return {
            one["scrapeUrl"]: one["lastError"] or "not yet"
            for one in self.ask("targets")["activeTargets"]
            if one["health"] != "up"
        }


@contextmanager
def prometheus(files: Mapping[str, str], place: Place, folder: Path) -> Iterator[Prometheus]:
    """Prometheus with the files of a host's monitors/prometheus/, once it has scraped all.

    Every two seconds instead of every 15, so that rates have points soon; nothing else is changed
    but where targets are. On a busy machine a look may come too late, and its target has no series
    until the next one: whoever asks waits for what must be there.
    """
    port = free_port()
    write_files(dict(files), folder)
    configuration = folder / "prometheus.yaml"
    configuration.write_text(_moved(configuration.read_text(), place, port))
    address = f"--web.listen-address=127.0.0.1:{port}"
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, address], stdout=log, stderr=log)
    found = Prometheus(f"http://127.0.0.1:{port}")
    try:
        until(lambda: _answers(found), account=(folder / "log").read_text)
        until(lambda: not found.lost(), account=lambda: json.dumps(found.lost(), indent=1))
        yield found
    finally:
        process.terminate()
        process.wait(LONGEST_SECONDS)


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _answers(found: Prometheus) -> bool:
    try:
        return plain_http.get(f"{found.url}/-/ready", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _moved(text: str, place: Place, port: int) -> str:
    document = yaml.safe_load(text)
    times = ("scrape_interval", "scrape_timeout", "evaluation_interval")
    document["global"] |= dict.fromkeys(times, "2s")
    document.pop("alerting", None)
    for job in document["scrape_configs"]:
        for group in job["static_configs"]:
            (instance,) = group["targets"]
            if job["job_name"] == "monitors":
                # Itself, for Alertmanager too.
                address, path = f"127.0.0.1:{port}", "/metrics"
            else:
                address, path = place(job["job_name"], group["labels"])
            group["targets"] = [address]
            group["labels"] |= {"instance": instance, "__metrics_path__": path}
    return yaml.safe_dump(document)


@contextmanager
def expositions() -> Iterator[str]:
    """ADDRESS:PORT of a server that tells what was recorded: /NAME gives NAME.txt."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recorded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Recorded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """One file."""
        text = (EXPOSITIONS / f"{self.path.partition('?')[0].strip('/')}.txt").read_text()
        ends = time.time() + CERTIFICATE_DAYS * 86400
        lines = [
            f"{_ENDS} {ends:.0f}" if line.startswith(f"{_ENDS} ") else line
            for line in text.splitlines()
        ]
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""


@contextmanager
def node_exporter() -> Iterator[str]:
    """ADDRESS:PORT of one with the collectors that the kit's own has."""
    address = f"127.0.0.1:{free_port()}"
    names = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "stat", "vmstat")
    collectors = [f"--collector.{name}" for name in names]
    command = ["prometheus-node-exporter", "--collector.disable-defaults", *collectors]
    command.append(f"--web.listen-address={address}")
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)

    def answers() -> bool:
        try:
            return plain_http.get(f"http://{address}/metrics", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        until(answers)
        yield address
    finally:
        process.terminate()
        process.wait(LONGEST_SECONDS)
