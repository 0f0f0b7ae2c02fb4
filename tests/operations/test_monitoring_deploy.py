"""Monitors as a deploy brings them, up to Docker: that one writes down what it is asked."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploys.cli.exit_codes import ExitCode
from deploys.cli.pyinfra_run import Run, run_pyinfra
from tests.checks.fake_docker import container
from tests.operations.committed_release import ROOT
from tests.render.gateway_files import write_files
from tests.render.monitor_plans import rendered, watched_fleet
from tests.render.monitors.scraping import needed

pytestmark = [pytest.mark.root, pytest.mark.deploys]

SECRETS = {"GRAFANA_PASSWORD": "correct-horse", "ALERT_URL": "https://hooks.example/T0/B0"}
INVENTORY = 'watched = [("@local", {"directory": "store"})]\nmonitors = ["@local"]\n'
SITE = """\
from pyinfra import local

local.include("deploys/lock.py")
local.include("deploys/releases.py")
local.include("deploys/switch.py")
local.include("deploys/monitoring.py")
"""
RULES = "monitors/prometheus/rules/hosts.yaml"
# promtool is the real one; containers are those that a test has written down.
DOCKER = """\
#!/bin/sh
echo "$*" >> {folder}/asked
case "$*" in
  "ps --all"*homeport-watched-monitors*) cat {folder}/ids 2>/dev/null ;;
  "container inspect"*) cat {folder}/containers.json ;;
  "network inspect"*) exit 1 ;;
  *"--entrypoint promtool"*)
    for word; do case $word in *:/files:ro) files=${{word%:/files:ro}} ;; esac; done
    exec promtool check config "$files/prometheus.yaml" ;;
esac
exit 0
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose one host watches a fleet of others."""
    needed("promtool")
    plan = watched_fleet()
    hosts = (*plan.hosts[:-1], replace(plan.hosts[-1], name="localhost"))
    (tmp_path / "deploys").symlink_to(ROOT / "deploys")
    write_files(rendered(replace(plan, hosts=hosts)), tmp_path)
    write_files({"inventories/watched.py": INVENTORY, "site.py": SITE}, tmp_path)
    write_files({"config.py": (ROOT / "config.py").read_text()}, tmp_path)
    program = tmp_path / "bin" / "docker"
    write_files({"docker": DOCKER.format(folder=program.parent)}, program.parent)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def _apply(root: Path) -> Run:
    return run_pyinfra(root, "watched", "site.py")


def _asked(root: Path) -> list[str]:
    return (root / "bin" / "asked").read_text().splitlines()


def _commit(root: Path, name: str, **changes: object) -> None:
    manifest = root / "compose/watched/localhost/release.yaml"
    document = yaml.safe_load(manifest.read_text())
    manifest.write_text(yaml.safe_dump({**document, "release": name, **changes}))


def test_files_are_proved_and_linked_before_containers_come_up(root: Path) -> None:
    assert _apply(root).exit_code == ExitCode.DONE
    asked = _asked(root)
    ups = [line.rpartition(" ")[2] for line in asked if " up --detach" in line]
    assert ups == ["node-exporter", "alertmanager", "blackbox", "grafana", "prometheus"]
    proof = next(place for place, line in enumerate(asked) if "--entrypoint promtool" in line)
    first = next(place for place, line in enumerate(asked) if " up --detach" in line)
    assert proof < first
    assert any(line.startswith("network create --label homeport.environment") for line in asked)
    link = root / "store" / "monitors" / "current"
    assert link.readlink().as_posix().startswith("../releases/")
    assert (link / "prometheus" / "prometheus.yaml").is_file()
    assert (root / "store" / "current" / "monitors" / "compose.yaml").is_file()


def test_secrets_reach_their_files_and_no_argument(root: Path) -> None:
    assert _apply(root).exit_code == ExitCode.DONE
    folder = root / "store" / "secrets" / "monitors"
    assert {path.read_text().strip() for path in folder.iterdir()} == set(SECRETS.values())
    told = "\n".join(_asked(root))
    assert not [value for value in SECRETS.values() if value in told]


def test_a_rule_that_prometheus_would_not_take_stops_the_apply_before_the_switch(
    root: Path,
) -> None:
    assert _apply(root).exit_code == ExitCode.DONE
    before = (root / "store" / "current").readlink()
    rules = root / "compose/watched/localhost" / RULES
    rules.write_text(rules.read_text().replace("< 0.1", "< 0.1 nonsense("))
    files = yaml.safe_load((root / "compose/watched/localhost/release.yaml").read_text())["files"]
    digest = hashlib.sha256(rules.read_bytes()).hexdigest()
    _commit(root, "0123456789ab", files={**files, RULES: digest})
    assert _apply(root).exit_code == ExitCode.OPERATION_FAILED
    assert (root / "store" / "current").readlink() == before


def test_containers_go_where_a_host_watches_nobody_any_more(root: Path) -> None:
    project = "homeport-watched-monitors"
    raw = container(project, "prometheus", "prometheus", "sha256:1", {})
    (root / "bin" / "containers.json").write_text(json.dumps([raw]))
    (root / "bin" / "ids").write_text(f"{raw['Id']}\n")
    document = yaml.safe_load((root / "compose/watched/localhost/release.yaml").read_text())
    kept = [one for one in document["projects"] if one["role"] != "monitors"]
    _commit(root, "0123456789ab", projects=kept, monitors=None)
    assert _apply(root).exit_code == ExitCode.DONE
    assert f"stop {raw['Id']}" in _asked(root)
    assert f"rm {raw['Id']}" in _asked(root)
