"""gixy finds nothing in the gateway's configuration that is not explained here."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploys.render.nginx_bodies import body_pattern
from tests.environments import ROOT
from tests.render.full_plan import full_plan
from tests.render.gateway_files import gateway_files, write_files
from tests.render.plans import small_plan, small_pool

# Plugin -> the block and the directive of which it may say so: of any other it is a finding.
EXPLAINED = {
    # The admin listener is published on the host's loopback address alone.
    "status_page_exposed": r"location = /status: stub_status",
    # Of a file that is nowhere, and only for who has no valid key.
    "try_files_is_evil_too": r"location = /_error/without_key: try_files /none =401",
    # It does not see the resolver inside the upstream, the only place where names are looked up.
    "missing_resolver": (
        r"location [^:]+: proxy_pass http://(\$chosen_upstream|pool_\$pool|pool_[\w.-]+)"
        r"(\$engine_path|/v1/[a-z/]+)"
    ),
}
# The one block with js_body_filter alone: nginx's own tests have it there, and what it inherits is
# tried in tests/e2e/gateway/test_tokens.py and gateway/test_limits.py.
EXPLAINED_WHERE_TOKENS_COUNT = EXPLAINED | {
    "if_is_evil": r"if \(\$counts_tokens\): js_body_filter tokens\.count buffer_type=buffer",
}
GATEWAYS = sorted(path.parent for path in (ROOT / "nginx").glob("*/*/nginx.conf"))


def findings(configuration: Path) -> set[tuple[str, str]]:
    """What gixy reports: plugin, and block and directive that it is about."""
    gixy = Path(sys.executable).with_name("gixy")
    command = [str(gixy), "--format", "json", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return {
        (finding["plugin"], about)
        for finding in json.loads(done.stdout)
        for about in abouts(finding["config"])
    }


def abouts(text: str) -> Iterator[str]:
    """`BLOCK: DIRECTIVE` of each directive that gixy quotes; the blocks around give their names."""
    blocks: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.endswith("{"):
            blocks.append(line.removesuffix("{").strip())
        elif line == "}":
            blocks.pop()
        elif not line.startswith("server_name "):
            yield f"{blocks[-1] if blocks else ''}: {line.removesuffix(';').strip()}"


def unexplained(configuration: Path, explained: Mapping[str, str]) -> set[tuple[str, str]]:
    """What nobody has explained, of that plugin and of that place."""
    return {
        (plugin, about)
        for plugin, about in findings(configuration)
        if plugin not in explained or not re.fullmatch(explained[plugin], about)
    }


@pytest.mark.parametrize("folder", GATEWAYS, ids=lambda path: str(path.relative_to(ROOT)))
def test_gixy_reports_nothing_unexplained(folder: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    write_files({**files, "routes.conf": for_gixy(files["routes.conf"])}, tmp_path)
    explained = EXPLAINED_WHERE_TOKENS_COUNT if "counted.conf" in files else EXPLAINED
    assert unexplained(tmp_path / "nginx.conf", explained) == set()


def for_gixy(routes: str) -> str:
    """Without an expression that PCRE understands and gixy does not: it ends there."""
    return routes.replace(body_pattern(), r"\A(?<model_in_body>[A-Za-z0-9._:/-]+)\z")


def test_gixy_reports_nothing_unexplained_where_nginx_reads_bodies(tmp_path: Path) -> None:
    found = small_pool("find", kind="embeddings", engine="vllm")
    files = gateway_files(small_plan(small_pool("chat", engine="vllm"), found))
    assert body_pattern() in files["routes.conf"]
    write_files({**files, "routes.conf": for_gixy(files["routes.conf"])}, tmp_path)
    assert unexplained(tmp_path / "nginx.conf", EXPLAINED) == set()


def test_gixy_reports_nothing_unexplained_where_all_is_used(tmp_path: Path) -> None:
    files = gateway_files(full_plan())
    write_files(files, tmp_path)
    assert unexplained(tmp_path / "egress" / "nginx.conf", EXPLAINED) == set()
    assert unexplained(tmp_path / "nginx.conf", EXPLAINED_WHERE_TOKENS_COUNT) == set()
    assert files["counted.conf"].count("js_body_filter") == 1


def test_gixy_reports_nothing_unexplained_where_some_connections_are_kept(tmp_path: Path) -> None:
    kept = small_pool("chat", engine="vllm", canary={"candidate": "next"})
    write_files(gateway_files(small_plan(kept, small_pool("next"))), tmp_path)
    assert unexplained(tmp_path / "nginx.conf", EXPLAINED) == set()


def test_gixy_reports_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text(
        "events {}\nhttp { server { location /a { alias /b/; proxy_pass http://$host; } } }\n"
    )
    assert {plugin for plugin, _ in unexplained(tmp_path / "nginx.conf", EXPLAINED)}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("admin.conf", "location = /status {", "location = /state {"),
        ("errors.conf", "try_files /none =401;", "try_files $uri =401;"),
        ("to_pool.conf", "http://$chosen_upstream", "http://other_$pool"),
    ],
)
def test_gixy_reports_what_an_explained_plugin_says_of_another_place(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    explained, files = EXPLAINED_WHERE_TOKENS_COUNT, gateway_files(full_plan())
    assert old in files[file]
    write_files({**files, file: files[file].replace(old, new)}, tmp_path)
    found = unexplained(tmp_path / "nginx.conf", explained)
    assert {plugin for plugin, _ in found} & explained.keys()
