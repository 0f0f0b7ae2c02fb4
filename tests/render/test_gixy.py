"""gixy finds nothing in the gateway's configuration that is not explained here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploys.render.nginx import nginx_files
from deploys.render.templates import renderer
from tests.environments import ROOT
from tests.render.plans import HOST, TLS, small_plan

EXPLAINED = {
    # Upstream, not client: the engine itself closes a connection after 100 requests.
    "low_keepalive_requests",
    # The admin listener is published on the host's loopback address alone.
    "status_page_exposed",
    # It does not see the resolver inside the upstream, the only place where names are looked up.
    "missing_resolver",
}
GATEWAYS = sorted((ROOT / "nginx").glob("*/*/nginx.conf"))


def _findings(configuration: Path) -> set[str]:
    gixy = Path(sys.executable).with_name("gixy")
    command = [str(gixy), "--format", "json", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return {finding["plugin"] for finding in json.loads(done.stdout)}


@pytest.mark.parametrize("configuration", GATEWAYS, ids=lambda path: str(path.relative_to(ROOT)))
def test_gixy_reports_nothing_unexplained(configuration: Path) -> None:
    assert _findings(configuration) <= EXPLAINED


def test_gixy_reports_nothing_unexplained_with_tls(tmp_path: Path) -> None:
    plan = small_plan(gateway={"tls": TLS})
    for name, text in nginx_files(
        plan, plan.host(HOST), renderer(ROOT / "templates"), ROOT / "templates"
    ).items():
        (tmp_path / name).write_text(text)
    assert _findings(tmp_path / "nginx.conf") <= EXPLAINED


def test_gixy_reports_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "events {}\nhttp { server { location /a { alias /b/; proxy_pass http://$host; } } }\n"
    )
    assert _findings(tmp_path / "nginx.conf") - EXPLAINED
