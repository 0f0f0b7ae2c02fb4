"""gixy finds nothing in the gateway's configuration that is not explained here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environments import ROOT

EXPLAINED = {
    # Upstream, not client: the engine itself closes a connection after 100 requests.
    "low_keepalive_requests",
    # The admin listener is published on the host's loopback address alone.
    "status_page_exposed",
    # It does not see the resolver inside the upstream, the only place where names are looked up.
    "missing_resolver",
    # The path is a constant; of the client's own nothing is passed on.
    "proxy_pass_normalized",
}
GATEWAYS = sorted((ROOT / "nginx").glob("*/*/nginx.conf"))


def findings(configuration: Path) -> set[str]:
    """The names of gixy's plugins that complain."""
    gixy = Path(sys.executable).with_name("gixy")
    command = [str(gixy), "--format", "json", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return {finding["plugin"] for finding in json.loads(done.stdout)}


@pytest.mark.parametrize("configuration", GATEWAYS, ids=lambda path: str(path.relative_to(ROOT)))
def test_gixy_reports_nothing_unexplained(configuration: Path) -> None:
    assert findings(configuration) <= EXPLAINED


def test_gixy_reports_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "events {}\nhttp { server { location /a { alias /b/; proxy_pass http://$host; } } }\n"
    )
    assert findings(tmp_path / "nginx.conf") - EXPLAINED
