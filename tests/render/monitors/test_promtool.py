"""Rules and configuration by promtool, Prometheus's own judge of its files."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.render.monitors.reading import every_rule
from tests.render.monitor_plans import rendered, watched_alone, watched_fleet
from tests.render.monitors.scraping import needed

CASES: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("firing.yaml").read_text()
)
WELL, ILL = 0, 1
MINUTES = {one.alert: one.minutes for rules in every_rule().values() for one in rules.alerts}
# Beyond what an alert waits: rates look back ten minutes.
MORE_MINUTES = 15


def _promtool(*words: str) -> str:
    needed("promtool")
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_the_configuration_and_every_rule(rule_folder: Path) -> None:
    said = _promtool("check", "config", str(rule_folder / "prometheus.yaml"))
    assert "is valid prometheus config file syntax" in said
    assert said.count(" rules found") == len(list((rule_folder / "rules").iterdir()))


@pytest.mark.parametrize(
    "plan", [watched_alone(), watched_fleet(njs=False, tls=False, alerts=None)]
)
def test_promtool_takes_what_smaller_fleets_get(plan: Any, tmp_path: Path) -> None:  # noqa: ANN401
    for path, text in rendered(plan).items():
        name = path.partition("/monitors/prometheus/")[2]
        if name:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
    _promtool("check", "config", str(tmp_path / "prometheus.yaml"))


def test_every_alert_has_a_case() -> None:
    assert CASES.keys() == MINUTES.keys()


def test_every_alert_fires_where_something_is_wrong_and_not_where_all_is_well(
    rule_folder: Path,
) -> None:
    """One run of promtool: it takes longer to start than to judge."""
    tests = [_test(alert, WELL, None) for alert in CASES]
    tests += [_test(alert, ILL, 1) for alert in CASES]
    files = sorted(str(path) for path in (rule_folder / "rules").iterdir())
    document = {"rule_files": files, "evaluation_interval": "1m", "tests": tests}
    (rule_folder / "tests.yaml").write_text(yaml.safe_dump(document))
    _promtool("test", "rules", str(rule_folder / "tests.yaml"))


def _test(alert: str, state: int, fires: int | None) -> dict[str, Any]:
    query = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    minutes = MINUTES[alert] + MORE_MINUTES
    samples = [] if fires is None else [{"labels": "{}", "value": fires}]
    series = [{"series": name, "values": both[state]} for name, both in CASES[alert].items()]
    return {
        "name": f"{alert}, {'ill' if fires else 'well'}",
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [
            {"expr": query, "eval_time": f"{minutes}m", "exp_samples": samples},
        ],
    }
