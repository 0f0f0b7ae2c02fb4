"""gixy finds nothing in the gateway's configuration that is not explained here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploys.render.nginx_bodies import body_pattern
from tests.environments import ROOT
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, write_files
from tests.render.plans import small_plan, small_pool

EXPLAINED = {
    # Upstream, not client: the engine itself closes a connection after 100 requests.
    "low_keepalive_requests",
    # The admin listener is published on the host's loopback address alone.
    "status_page_exposed",
    # Of a file that is nowhere, and only for who has no valid key.
    "try_files_is_evil_too",
    # It does not see the resolver inside the upstream, the only place where names are looked up.
    "missing_resolver",
}
# The one block with js_body_filter alone: nginx's own tests have it there, and what it inherits is
# tried in tests/e2e/test_gateway_tokens.py and test_gateway_limits.py.
EXPLAINED_WHERE_TOKENS_COUNT = EXPLAINED | {"if_is_evil"}
GATEWAYS = sorted(path.parent for path in (ROOT / "nginx").glob("*/*/nginx.conf"))


def findings(configuration: Path) -> set[str]:
    """What gixy reports, by the names of its plugins."""
    gixy = Path(sys.executable).with_name("gixy")
    command = [str(gixy), "--format", "json", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return {finding["plugin"] for finding in json.loads(done.stdout)}


@pytest.mark.parametrize("folder", GATEWAYS, ids=lambda path: str(path.relative_to(ROOT)))
def test_gixy_reports_nothing_unexplained(folder: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    write_files({**files, "routes.conf": for_gixy(files["routes.conf"])}, tmp_path)
    explained = EXPLAINED_WHERE_TOKENS_COUNT if "counted.conf" in files else EXPLAINED
    assert findings(tmp_path / "nginx.conf") <= explained


def for_gixy(routes: str) -> str:
    """Without an expression that PCRE understands and gixy does not: it ends there."""
    return routes.replace(body_pattern(), r"\A(?<model_in_body>[A-Za-z0-9._:/-]+)\z")


def test_gixy_reports_nothing_unexplained_where_nginx_reads_bodies(tmp_path: Path) -> None:
    found = small_pool("find", kind="embeddings", engine="vllm")
    files = gateway_files(small_plan(small_pool("chat", engine="vllm"), found))
    assert body_pattern() in files["routes.conf"]
    write_files({**files, "routes.conf": for_gixy(files["routes.conf"])}, tmp_path)
    assert findings(tmp_path / "nginx.conf") <= EXPLAINED


def test_gixy_reports_nothing_unexplained_where_all_is_used(tmp_path: Path) -> None:
    files = gateway_files(full_plan())
    write_files(files, tmp_path)
    assert findings(tmp_path / "egress" / "nginx.conf") <= EXPLAINED
    assert findings(tmp_path / "nginx.conf") <= EXPLAINED_WHERE_TOKENS_COUNT
    assert files["counted.conf"].count("js_body_filter") == 1


def test_gixy_reports_nothing_unexplained_where_some_connections_are_kept(tmp_path: Path) -> None:
    kept = small_pool("chat", engine="vllm", canary={"candidate": "next"})
    write_files(gateway_files(small_plan(kept, small_pool("next"))), tmp_path)
    assert findings(tmp_path / "nginx.conf") <= EXPLAINED


def test_gixy_reports_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "events {}\nhttp { server { location /a { alias /b/; proxy_pass http://$host; } } }\n"
    )
    assert findings(tmp_path / "nginx.conf") - EXPLAINED
