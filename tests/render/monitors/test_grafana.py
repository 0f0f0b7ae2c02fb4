"""Grafana's files, held against its own schema as far as that goes: no Grafana runs here."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploys.render.monitors.reading import every_dashboard
from tests.render.monitor_plans import rendered, watched_fleet

KNOWN = yaml.safe_load(Path(__file__).with_name("grafana.yaml").read_text())
PAGES = "grafana/pages/"
# Lists, and what the schema calls one of them.
ONE_OF = {"panels": "panel", "targets": "target"}


@pytest.fixture(scope="session")
def pages(fleet_files: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Name -> dashboard."""
    return {
        path.removeprefix(PAGES): json.loads(text)
        for path, text in fleet_files.items()
        if path.startswith(PAGES)
    }


def _objects(name: str, one: Any) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON
    """Every object that the schema names, by that name."""
    if isinstance(one, list):
        for item in one:
            yield from _objects(name, item)
    elif isinstance(one, dict):
        yield name, one
        for key, value in one.items():
            yield from _objects(ONE_OF.get(str(key), str(key)), value)


def test_every_key_of_a_dashboard_is_one_that_grafana_knows(pages: dict[str, Any]) -> None:
    for name, page in pages.items():
        for kind, found in _objects("dashboard", page):
            if kind in KNOWN["keys"]:
                assert found.keys() <= set(KNOWN["keys"][kind]), (name, kind)


def test_every_word_of_a_dashboard_is_one_that_grafana_knows(pages: dict[str, Any]) -> None:
    seen = set()
    for page in pages.values():
        for _, found in _objects("dashboard", page):
            for key in found.keys() & KNOWN["words"].keys():
                assert found[key] in KNOWN["words"][key]
                seen.add(key)
    assert seen == KNOWN["words"].keys()


def test_panels_lie_beside_each_other_and_have_numbers_of_their_own(pages: dict[str, Any]) -> None:
    for page in pages.values():
        places = [panel["gridPos"] for panel in page["panels"]]
        cells = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
        assert len({panel["id"] for panel in page["panels"]}) == len(places)


def test_dashboards_ask_the_data_source_that_is_provisioned(
    pages: dict[str, Any], fleet_files: dict[str, str]
) -> None:
    document = yaml.safe_load(fleet_files["grafana/datasources/prometheus.yaml"])
    (source,) = document["datasources"]
    asked = {
        one["datasource"]["uid"]
        for page in pages.values()
        for _, one in _objects("dashboard", page)
        if "datasource" in one
    }
    assert asked == {source["uid"]}
    assert (document["apiVersion"], source["type"], source["editable"]) == (1, "prometheus", False)
    assert source["url"] == "http://prometheus:9090"


def test_grafana_reads_the_pages_from_where_they_lie(fleet_files: dict[str, str]) -> None:
    (provider,) = yaml.safe_load(fleet_files["grafana/dashboards/homeport.yaml"])["providers"]
    assert provider["options"]["path"] == "/srv/homeport/monitors/current/grafana/pages"
    assert {path for path in fleet_files if path.startswith(PAGES)} == {
        f"{PAGES}{name}.json" for name in every_dashboard()
    }


def test_a_panel_is_left_out_where_there_is_nothing_to_show() -> None:
    files = rendered(watched_fleet(njs=False, tls=False))
    (text,) = (text for path, text in files.items() if path.endswith("pages/pools.json"))
    titles = {panel["title"] for panel in json.loads(text)["panels"]}
    assert "Slots at work" in titles
    assert not {"Requests per second", "Spent of the cloud's caps"} & titles
