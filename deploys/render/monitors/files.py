"""The files of a host that is watched, and of one that watches."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploys.plan.plan import HostPlan, Plan
from deploys.render.monitors.compose import compose_text, files_digest, role_values
from deploys.render.monitors.dashboards import SOURCE, dashboard_files
from deploys.render.monitors.exporters import COUNTERS, exporters
from deploys.render.monitors.rules import rule_files
from deploys.render.monitors.services import FILES, HOME, monitors
from deploys.render.monitors.targets import ALERTMANAGER_PORT, BLACKBOX_PORT, PROMETHEUS_PORT, jobs
from deploys.render.monitors.watcher import Watcher
from deploys.render.release_monitors import SECRETS, WEBHOOK
from deploys.render.roles import Role
from deploys.render.templates import Render

# Prometheus waits for an answer no longer than until it asks again.
LONGEST_ANSWER_SECONDS = 10

Values = dict[str, object]


def monitoring_files(plan: Plan, host: HostPlan, render: Render, templates: Path) -> dict[str, str]:
    """Path below compose/<environment>/<host>/ -> text; none where nobody watches."""
    if plan.monitoring is None:
        return {}
    counters = (templates / "compose" / "exporters" / COUNTERS).read_text()
    files = {f"exporters/{COUNTERS}": counters} if host.monitored_gpus else {}
    files |= _own_files(plan, host, render) if host.is_monitor else {}
    return files | dict(_compose_files(plan, host, files, render))


def _compose_files(
    plan: Plan, host: HostPlan, files: Mapping[str, str], render: Render
) -> Iterator[tuple[str, str]]:
    found: tuple[tuple[Role, tuple[Watcher, ...]], ...] = (
        ("exporters", tuple(exporters(plan, host))),
        ("monitors", tuple(monitors(plan, host))),
    )
    for role, watchers in found:
        services: list[Values] = [
            {
                **vars(one),
                "image": plan.images[one.image],
                # Its files are part of its configuration: other files are another container.
                "files_sha256": files_digest(files, [f"{role}/{path}" for path in one.reads]),
            }
            for one in watchers
        ]
        if services:
            values = role_values(plan, host, role, watchers)
            yield f"{role}/compose.yaml", compose_text(values, services, render)


def _own_files(plan: Plan, host: HostPlan, render: Render) -> dict[str, str]:
    """What Prometheus, Alertmanager, blackbox exporter and Grafana read."""
    watch, values = plan.monitoring, _values(plan, host)
    names = [
        "prometheus/prometheus.yaml",
        "grafana/datasources/prometheus.yaml",
        "grafana/dashboards/homeport.yaml",
        *(["alertmanager/alertmanager.yaml"] if watch and watch.alerts else []),
        *(["blackbox/blackbox.yaml"] if plan.uses_tls else []),
    ]
    files = {f"monitors/{name}": render(f"monitors/{name}.j2", values) for name in names}
    files |= {f"monitors/prometheus/rules/{name}": text for name, text in rule_files(plan).items()}
    pages = dashboard_files(plan)
    return files | {f"monitors/grafana/pages/{name}": text for name, text in pages.items()}


def _values(plan: Plan, host: HostPlan) -> Values:
    watch = plan.monitoring
    seconds = watch.scrape_seconds if watch is not None else 0
    alerts = watch.alerts if watch is not None else None
    names = {
        name
        for one in plan.hosts
        if one.gateway and one.gateway.tls
        for name in one.gateway.tls.names
    }
    return {
        "environment": plan.environment,
        "host": host.name,
        "scrape_seconds": seconds,
        "timeout_seconds": min(seconds, LONGEST_ANSWER_SECONDS),
        "jobs": jobs(plan, host),
        "alertmanager": f"alertmanager:{ALERTMANAGER_PORT}" if alerts else "",
        "blackbox": f"blackbox:{BLACKBOX_PORT}",
        "prometheus": f"http://prometheus:{PROMETHEUS_PORT}",
        "source": SOURCE["uid"],
        "pages": f"{FILES}/grafana/pages",
        "webhook": f"{HOME}/{SECRETS}/{WEBHOOK}",
        "repeat_hours": alerts.repeat_hours if alerts else 0,
        "server_name": min(names, default=""),
    }
