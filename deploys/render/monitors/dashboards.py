"""Grafana's dashboards and its data source, as files that it reads when it starts."""

import json

from deploys.plan.plan import Plan
from deploys.render.monitors.reading import Dashboard, Panel, every_dashboard, panels_of

# What the dashboards call the data source (grafana/datasources/prometheus.yaml).
SOURCE = {"type": "prometheus", "uid": "homeport"}
# Grafana's grid is 24 wide.
WIDTH, HEIGHT, IN_A_ROW = 12, 8, 2
# Of dashboards before their second format: https://grafana.com/docs/grafana/latest/dashboards/
SCHEMA_VERSION = 39

Values = dict[str, object]


def dashboard_files(plan: Plan) -> dict[str, str]:
    """File's name -> JSON."""
    return {
        f"{name}.json": json.dumps(_dashboard(plan, name, one), indent=2, ensure_ascii=False) + "\n"
        for name, one in every_dashboard().items()
    }


def _dashboard(plan: Plan, name: str, one: Dashboard) -> Values:
    return {
        "uid": f"homeport-{name}",
        "title": f"{one.title} of {plan.environment}",
        "tags": ["homeport"],
        "timezone": "browser",
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "schemaVersion": SCHEMA_VERSION,
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels_of(plan, one), 0)],
    }


def _panel(number: int, panel: Panel) -> Values:
    place = {"x": number % IN_A_ROW * WIDTH, "y": number // IN_A_ROW * HEIGHT}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.reason,
        "datasource": SOURCE,
        "gridPos": {**place, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {
            "legend": {
                "displayMode": "list",
                "placement": "bottom",
                "showLegend": True,
                "calcs": [],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": SOURCE,
                "expr": query.value,
                "legendFormat": query.legend,
                "range": True,
            }
            for place, query in enumerate(panel.queries)
        ],
    }
